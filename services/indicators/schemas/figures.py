"""A figure as it is answered: with its definition, its parts, its precision and its status."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from services.indicators.domain.figures import Figure
from services.indicators.domain.filters import Question
from services.indicators.domain.periods import Period
from services.indicators.domain.precision import LEVEL, Range
from services.indicators.domain.rounding import half_up
from services.indicators.domain.status import State
from services.indicators.schemas.words import Words
from shared.platform.edge.fields import View


class ResponseView(View):
    respondents: int
    eligible: int
    percent: float | None


class RangeView(View):
    low: float
    high: float


class IntervalView(View):
    """Ends in percent: what such a training tends to give and, where its size is known, the same for this cohort."""

    method: Literal["wilson"] = "wilson"
    level: float = float(LEVEL)
    low: float
    high: float
    finite_population: RangeView | None


class PeriodView(View):
    first: date
    last: date


class FiltersView(View):
    region: str | None
    training: UUID | None
    flag: str | None
    holder: str | None


_EXAMPLE: dict[str, Any] = {
    "indicator": "insertion_6",
    "version": "1.0.0",
    "definition_digest": "5f0c3b1d...",
    "label": {"fr": "Taux d'insertion à 6 mois", "en": "Insertion rate at 6 months"},
    "unit": "percent",
    "value": 64,
    "state": "observed",
    "reason": None,
    "ratio": "432/675",
    "numerator": 432,
    "denominator": 675,
    "unknowns": 225,
    "excluded": 0,
    "response": {"respondents": 675, "eligible": 900, "percent": 75.0},
    "interval": {
        "method": "wilson",
        "level": 0.95,
        "low": 60.3,
        "high": 67.5,
        "finite_population": {"low": 62.2, "high": 65.8},
    },
    "bounds": {"low": 48.0, "high": 73.0},
    "matured": 900,
    "exits": 1827,
    "parts": {"e": 432, "s": 54, "u": 162, "o": 27, "z": 0, "q": 225, "m": 900, "exits": 1827},
    "as_of": "2017-03-02",
    "known_at": "2017-03-02T09:00:00+00:00",
    "period": None,
    "filters": {"region": None, "training": None, "flag": None, "holder": None},
    "obs_status": ["P", "U"],
    "conf_status": "N",
    "heard": {"enrolment": {"07": 1234}, "followup": {"07": 88}, "labelling": {"07": 12}},
}


class FigureView(View):
    """A figure that explains itself."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    indicator: str
    version: str
    definition_digest: str
    label: Words
    unit: str
    value: int | float | None
    """Rounded half up to the precision of the definition; `ratio` is exact. Null is told apart by `state`."""
    state: State
    reason: Literal["not_computable"] | None
    ratio: str | None
    numerator: int
    denominator: int | None
    unknowns: int
    excluded: int
    response: ResponseView | None
    interval: IntervalView | None
    bounds: RangeView | None
    matured: int | None
    exits: int | None
    parts: dict[str, int]
    as_of: date
    known_at: datetime
    period: PeriodView | None
    filters: FiltersView
    obs_status: list[str]
    conf_status: Literal["N"] = "N"
    heard: dict[str, dict[str, int]]


def figure_view(
    question: Question, figure: Figure, *, heard: Mapping[str, Mapping[int, int]], now: datetime
) -> FigureView:
    """The answer to a question."""
    definition, filters = question.definition, question.filters
    return FigureView(
        indicator=definition.id,
        version=definition.version,
        definition_digest=definition.digest,
        label=Words(fr=definition.label_fr, en=definition.label_en),
        unit=definition.unit,
        value=number(figure.value),
        state=figure.state,
        reason=None if figure.value is not None else "not_computable",
        ratio=None if figure.denominator is None else f"{figure.numerator}/{figure.denominator}",
        numerator=figure.numerator,
        denominator=figure.denominator,
        unknowns=figure.unknowns,
        excluded=figure.excluded,
        response=_response(figure),
        interval=_interval(figure),
        bounds=_range(figure.precision.bounds),
        matured=figure.counts.get("m"),
        exits=figure.counts.get("exits"),
        parts=dict(figure.counts),
        as_of=question.as_of,
        known_at=question.known_at or now,
        period=_period(question.period),
        filters=FiltersView(
            region=filters.region, training=filters.training, flag=filters.flag, holder=filters.holder
        ),
        obs_status=list(figure.status),
        heard={
            speaker: {f"{partition:02d}": last for partition, last in sorted(positions.items())}
            for speaker, positions in heard.items()
        },
    )


def number(value: Decimal | None) -> int | float | None:
    """A rounded figure as a JSON number: whole where it has no decimals. Nothing is computed after this."""
    if value is None:
        return None
    return int(value) if value.as_tuple().exponent == 0 else float(value)


def _period(period: Period | None) -> PeriodView | None:
    return None if period is None else PeriodView(first=period.first, last=period.last)


def _response(figure: Figure) -> ResponseView | None:
    if figure.response is None:
        return None
    percent = figure.response.percent
    return ResponseView(
        respondents=figure.response.respondents,
        eligible=figure.response.eligible,
        percent=None if percent is None else float(half_up(percent, places=1)),
    )


def _interval(figure: Figure) -> IntervalView | None:
    free = figure.precision.interval
    if free is None:
        return None
    return IntervalView(
        low=float(free.low),
        high=float(free.high),
        finite_population=_range(figure.precision.finite_interval),
    )


def _range(given: Range | None) -> RangeView | None:
    return None if given is None else RangeView(low=float(given.low), high=float(given.high))
