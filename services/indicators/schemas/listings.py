"""Definitions and targets as they are answered."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from services.indicators.domain.definitions import Definition
from services.indicators.domain.rounding import half_up
from services.indicators.domain.targets import Target
from services.indicators.schemas.words import Words
from shared.platform.edge.fields import View


class DefinitionView(View):
    """A definition as its file says it, and the digest of that."""

    id: str
    version: str
    digest: str
    label: Words
    content: dict[str, Any]


class DefinitionsView(View):
    items: list[DefinitionView]


class TargetView(View):
    """A target and how far it is reached; `progress` is null where no definition measures it."""

    target_id: str
    indicator: str
    value: int
    due_on: date
    label: Words
    as_of: date
    progress: int | None
    percent: float | None


class TargetsView(View):
    items: list[TargetView]


def definition_view(definition: Definition) -> DefinitionView:
    """A definition for a reader."""
    return DefinitionView(
        id=definition.id,
        version=definition.version,
        digest=definition.digest,
        label=Words(fr=definition.label_fr, en=definition.label_en),
        content=dict(definition.content),
    )


def targets_view(targets: Sequence[Target], *, as_of: date) -> TargetsView:
    """Targets for a reader."""
    return TargetsView(
        items=[
            TargetView(
                target_id=target.target_id,
                indicator=target.indicator,
                value=target.value,
                due_on=target.due_on,
                label=Words(fr=target.label_fr, en=target.label_en),
                as_of=as_of,
                progress=target.progress,
                percent=_share_of(target.progress, value=target.value),
            )
            for target in targets
        ]
    )


def _share_of(reached: int | None, *, value: int) -> float | None:
    """How much of a target is reached, in percent to one decimal place."""
    if reached is None or value == 0:
        return None
    return float(half_up(Fraction(100 * reached, value), places=1))
