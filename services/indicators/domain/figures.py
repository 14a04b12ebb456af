"""From counts to a figure that explains itself: value, response, interval, bounds, status."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.indicators.domain import maturity, precision
from services.indicators.domain.counts import RESPONDENTS, Counts, Reading, counts_of
from services.indicators.domain.definitions import Clock, Definition, Unit
from services.indicators.domain.filters import Question
from services.indicators.domain.precision import Range
from services.indicators.domain.rounding import half_up, percentage
from services.indicators.domain.status import Letter, State, letters, reliability

_THOUSAND = 1000


@dataclass(frozen=True)
class Response:
    """How many of those who could be known are known."""

    respondents: int
    eligible: int

    @property
    def percent(self) -> Fraction | None:
        """None when nobody could be known."""
        return percentage(self.respondents, self.eligible) if self.eligible else None


@dataclass(frozen=True)
class Precision:
    """How sure a rate is; each member is None where it has no meaning."""

    interval: Range | None = None
    finite_interval: Range | None = None
    bounds: Range | None = None
    width: Fraction | None = None


@dataclass(frozen=True)
class Figure:
    """The answer to a question."""

    value: Decimal | None
    state: State
    numerator: int
    denominator: int | None
    unknowns: int
    excluded: int
    counts: Mapping[str, int]
    response: Response | None
    precision: Precision
    status: tuple[Letter, ...]


def figure_of(question: Question, reading: Reading) -> Figure:
    """The figure that answers a question. Source: method of the indicators, formulas."""
    definition = question.definition
    counts = counts_of(question, reading)
    numerator = counts.total(definition.numerator)
    denominator = counts.total(definition.denominator) if definition.denominator else None
    unknowns = counts.total(definition.unknown)
    response = _response(definition, counts)
    sure = _precision(definition, counts)
    state = _state(counts, denominator, unknowns=unknowns)
    return Figure(
        value=_value(definition, numerator, denominator=denominator),
        state=state,
        numerator=numerator,
        denominator=denominator,
        unknowns=unknowns,
        excluded=counts.total(definition.excluded),
        counts=counts.by_name,
        response=response,
        precision=sure,
        status=letters(
            state,
            inherent=definition.inherent,
            provisional=_is_provisional(question, counts),
            judged=reliability(response=response.percent if response else None, width=sure.width),
        ),
    )


def _value(definition: Definition, numerator: int, *, denominator: int | None) -> Decimal | None:
    """The published figure; a share of nobody has none."""
    if denominator is None:
        return Decimal(numerator)
    if denominator == 0:
        return None
    places = definition.places_from_1000 if denominator >= _THOUSAND else definition.places
    scale = 100 if definition.unit is Unit.PERCENT else 1
    return half_up(Fraction(scale * numerator, denominator), places=places)


def _response(definition: Definition, counts: Counts) -> Response | None:
    if not definition.has_response:
        return None
    if definition.clock is Clock.WAVE:
        known = sum(counts.by_name[letter] for letter in RESPONDENTS)
        return Response(known, known + counts.by_name["q"])
    known = counts.total(definition.denominator)
    return Response(known, known + counts.total(definition.unknown))


def _precision(definition: Definition, counts: Counts) -> Precision:
    numerator, denominator = counts.total(definition.numerator), counts.total(definition.denominator)
    unknown = counts.total(definition.unknown)
    limits = (
        precision.bounds(numerator, trials=denominator, unknown=unknown) if definition.has_bounds else None
    )
    if not definition.has_interval or denominator <= 0:
        return Precision(bounds=limits)
    # Where the silent ones are outside the definition, the size of the whole population is not known.
    population = denominator + unknown if _is_whole(definition) else None
    return Precision(
        interval=precision.wilson(numerator, denominator),
        finite_interval=None
        if population is None
        else precision.wilson_finite(numerator, denominator, population=population),
        bounds=limits,
        width=precision.width(numerator, denominator),
    )


def _is_whole(definition: Definition) -> bool:
    """Whether denominator and unknown together are everybody the figure is about."""
    return definition.clock is not Clock.WAVE or any(term.count == "q" for term in definition.unknown)


def _state(counts: Counts, denominator: int | None, *, unknowns: int) -> State:
    if denominator is None or denominator > 0:
        return State.OBSERVED
    if unknowns > 0:
        return State.UNKNOWN
    if counts.by_name.get("m") == 0 and counts.by_name.get("exits", 0) > 0:
        return State.NOT_DUE
    return State.MISSING


def _is_provisional(question: Question, counts: Counts) -> bool:
    definition, period = question.definition, question.period
    if definition.wave is None or counts.by_name["m"] == 0:
        return False
    latest = maturity.last_due_exit(question.as_of, wave=definition.wave)
    if period is not None:
        latest = min(latest, period.last)
    return maturity.is_provisional(latest, wave=definition.wave, as_of=question.as_of)
