"""The statistician reads: the twenty lines that were published, and the waves before and after the mending."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from deploy.demo.callers import Positions, at_once
from deploy.demo.cast import Cast
from deploy.demo.failures import Stopped
from deploy.demo.fixture import PublishedLine, agrees, figure
from deploy.demo.fixture.observations import Mix, Standing, WaveParts
from deploy.demo.fixture.plan import WAVES_READ_ON
from deploy.demo.settle import at_least

_PURPOSE: Final = "demonstration: 2016 as published and as computed"
_SERVICE: Final = "indicators"

Number = Decimal | int


@dataclass(frozen=True, slots=True)
class Range:
    """Two ends, in percent."""

    low: Number
    high: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What the service answers for a published line."""

    line: PublishedLine
    value: Number | None
    numerator: int
    denominator: int | None
    interval: Range | None = None
    bounds: Range | None = None

    @property
    def reproduced(self) -> bool:
        """Exact parts that also say what was published, and a service that says the same number."""
        said = figure(self.line, numerator=self.numerator, denominator=self.denominator)
        return self.value == said and agrees(
            self.line, numerator=self.numerator, denominator=self.denominator
        )


async def read_lines(cast: Cast, *, heard: Positions) -> list[Computed]:
    """Every published line, computed from the facts as far as they were heard."""
    lines = cast.fixture.expected
    with cast.steps.step("figures", total=len(lines)) as advance:

        async def read(line: PublishedLine) -> Computed:
            ask = _target if line.comparison == "target" else _indicator
            computed = await ask(cast, line, heard=heard)
            advance(1)
            return computed

        return await at_once(read, over=lines)


async def read_standing(cast: Cast, *, heard: Positions) -> Standing:
    """The waves and the classes of jobs at six months, as the service computes them now."""

    async def parts(indicator: str) -> Mapping[str, Any]:
        return await _exact(cast, indicator, params={"as_of": f"{WAVES_READ_ON}"}, heard=heard)

    wave_3, wave_6, *classes = await at_once(
        parts,
        over=(
            "insertion_3",
            "insertion_6",
            "mix_6_non_precarious",
            "mix_6_entrepreneurship",
            "mix_6_interim",
        ),
    )
    return Standing(_wave(wave_3), _wave(wave_6), Mix(*(one["numerator"] for one in classes)))


def _wave(answer: Mapping[str, Any]) -> WaveParts:
    parts = answer["parts"]
    return WaveParts(
        matured=answer["matured"],
        employed=parts["e"],
        further_training=parts["s"],
        unemployed=parts["u"],
        other=parts["o"],
    )


async def _indicator(cast: Cast, line: PublishedLine, *, heard: Positions) -> Computed:
    answer = await _exact(cast, line.indicator, params=dict(line.params), heard=heard)
    return Computed(
        line=line,
        value=answer["value"],
        numerator=answer["numerator"],
        denominator=answer["denominator"],
        interval=_range(answer["interval"]),
        bounds=_range(answer["bounds"]),
    )


async def _exact(
    cast: Cast, indicator: str, *, params: Mapping[str, str], heard: Positions
) -> Mapping[str, Any]:
    path = f"/v1/exact/indicators/{indicator}"
    asked = {**params, "purpose": _PURPOSE, "at_least": at_least(heard)}
    answer: Mapping[str, Any] = await cast.statistician.get(_SERVICE, path, **asked)
    return answer


async def _target(cast: Cast, line: PublishedLine, *, heard: Positions) -> Computed:
    asked = {**dict(line.params), "at_least": at_least(heard)}
    listed = await cast.statistician.get(_SERVICE, "/v1/targets", **asked)
    for target in listed["items"]:
        if (target["indicator"], target["value"]) == (line.indicator, line.denominator):
            return Computed(
                line=line,
                value=target["percent"],
                numerator=target["progress"],
                denominator=target["value"],
            )
    raise Stopped(f"No target of {line.published} for {line.indicator} is known to {_SERVICE}.")


def _range(answer: Mapping[str, Any] | None) -> Range | None:
    return None if answer is None else Range(answer["low"], answer["high"])
