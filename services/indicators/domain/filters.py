"""What a question may be narrowed to, and which cells hold the answer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.indicators.domain.definitions import KNOWN, Clock, Definition
from services.indicators.domain.measures import AUDIENCES, EVERYONE
from services.indicators.domain.periods import FORMS, Period
from services.indicators.domain.refusals import (
    BAD_FLAG,
    FILTER_NOT_AVAILABLE,
    FILTERS_EXCLUDE_EACH_OTHER,
    PERIOD_AFTER_AS_OF,
    PERIOD_NOT_APPLICABLE,
    PERIOD_REQUIRED,
    UNKNOWN_REGION,
)
from shared.kernel.errors import Invalid
from shared.kernel.territories import REGION_NAMES

NO_SITE: Final = "none"
"""Place of a training without a site: it counts nationally only (Rule 4)."""

NOT_DESCRIBED: Final = "unknown"
"""Place of a training that labelling has not described yet."""

ANSWERS: Final = ("yes", "no", "unknown")


@dataclass(frozen=True)
class Filters:
    """To what a figure is narrowed; `holder` comes with the caller, or is asked for by who may."""

    region: str | None = None
    training: UUID | None = None
    flag: str | None = None
    holder: str | None = None


@dataclass(frozen=True)
class Question:
    """One figure at one date, as far as was known at one instant (None: now)."""

    definition: Definition
    as_of: date
    period: Period | None
    filters: Filters
    known_at: datetime | None = None


def check_region(region: str) -> str:
    """A region's official code, or one of the two places that are none. Raises Invalid(unknown_region)."""
    allowed = {*REGION_NAMES, NO_SITE, NOT_DESCRIBED}
    if region not in allowed:
        raise Invalid(UNKNOWN_REGION, pointer="/region", expected=" | ".join(sorted(allowed)))
    return region


def check_flag(flag: str) -> str:
    """An audience and an answer, e.g. `qpv:yes`. Raises Invalid(bad_flag)."""
    audience, _, answer = flag.partition(":")
    if audience not in AUDIENCES or answer not in ANSWERS:
        raise Invalid(BAD_FLAG, pointer="/flag", expected=f"({'|'.join(AUDIENCES)}):({'|'.join(ANSWERS)})")
    return flag


def check_question(question: Question) -> Question:
    """The question, if its definition can answer it. Raises Invalid."""
    definition, filters, period = question.definition, question.filters, question.period
    if period is None and definition.clock is Clock.FLOW:
        raise Invalid(PERIOD_REQUIRED, pointer="/period", expected=FORMS)
    if period is not None and not definition.takes_period:
        raise Invalid(PERIOD_NOT_APPLICABLE, pointer="/period")
    if period is not None and period.first > question.as_of:
        raise Invalid(PERIOD_AFTER_AS_OF, pointer="/period", expected=f"<= {question.as_of}")
    for name in ("region", "training", "flag"):
        if getattr(filters, name) is not None and name not in definition.filters:
            raise Invalid(
                FILTER_NOT_AVAILABLE, pointer=f"/{name}", expected=" | ".join(sorted(definition.filters))
            )
    if filters.region is not None and filters.training is not None:
        raise Invalid(FILTERS_EXCLUDE_EACH_OTHER, pointer="/region")
    return question


def cells_of_flag(flag: str | None) -> tuple[tuple[int, str], ...]:
    """The cells whose sum is the count of an audience: `no` and `known` are what the stored ones leave."""
    if flag is None:
        return ((1, EVERYONE),)
    audience, _, answer = flag.partition(":")
    if answer == "no":
        return ((1, EVERYONE), (-1, f"{audience}:yes"), (-1, f"{audience}:unknown"))
    if answer == KNOWN:
        return ((1, EVERYONE), (-1, f"{audience}:unknown"))
    return ((1, flag),)
