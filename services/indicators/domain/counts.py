"""From sums of stored measures to the counts that definitions speak of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.indicators.domain.definitions import Clock, Definition, Term
from services.indicators.domain.filters import Question, cells_of_flag
from services.indicators.domain.measures import ENDS, JOB_CLASSES, SITUATIONS, job_measure, situation_measure

Sums = Mapping[str, Mapping[str, int]]
"""Sums of measures by flag; what is absent is zero."""

PARTITION = (*SITUATIONS, "q", "m")
RESPONDENTS = ("e", "s", "u", "o")


@dataclass(frozen=True)
class Reading:
    """What was read for a question: sums over the days in question and, for a wave, over those that are due."""

    all_days: Sums
    due_days: Sums


@dataclass(frozen=True)
class Counts:
    """The counts of a question, by the names that its definition gives them."""

    by_name: Mapping[str, int]

    def total(self, terms: Iterable[Term]) -> int:
        """Sum of terms, each with its sign."""
        return sum(term.sign * self.by_name[term.name] for term in terms)


def counts_of(question: Question, reading: Reading) -> Counts:
    """Every count of the definition and, on a wave, the whole partition of the matured cohort.

    Source: method of the indicators: m = e + s + u + o + q + z for every matured cohort.
    """
    definition = question.definition
    counted: dict[str, int] = {}
    for term in _terms(definition):
        sums = reading.all_days if term.count == "exits" else reading.due_days
        cells = cells_of_flag(term.flag or question.filters.flag)
        counted[term.name] = sum(
            sign * weight * sums.get(flag, {}).get(measure, 0)
            for weight, flag in cells
            for sign, measure in _recipe(term.count, definition)
        )
    return Counts(counted)


def flags_of(question: Question) -> frozenset[str]:
    """The flags of the cells that a question needs."""
    asked = {term.flag or question.filters.flag for term in question.definition.terms}
    return frozenset(flag for one in asked for _, flag in cells_of_flag(one))


def measures_of(question: Question) -> frozenset[str]:
    """The stored measures that a question needs."""
    definition = question.definition
    names = {term.count for term in _terms(definition)}
    return frozenset(measure for name in names for _, measure in _recipe(name, definition))


def _terms(definition: Definition) -> tuple[Term, ...]:
    """The terms of a definition; a wave shows its whole partition, whatever the definition uses of it."""
    if definition.clock is Clock.WAVE:
        return (*definition.terms, *(Term(name) for name in (*PARTITION, "exits")))
    return definition.terms


def _recipe(count: str, definition: Definition) -> list[tuple[int, str]]:
    """How a count is made of stored measures."""
    if definition.clock is Clock.WAVE and definition.wave is not None:
        return _wave_recipe(count, exits=definition.exits, wave=definition.wave)
    if count == "end_unknown":
        return [(1, "exited"), *((-1, end) for end in ENDS)]
    return [(1, count)]


def _wave_recipe(count: str, *, exits: tuple[str, ...], wave: int) -> list[tuple[int, str]]:
    if count in {"m", "exits"}:
        return [(1, kind) for kind in exits]
    if count in JOB_CLASSES:
        return [(1, job_measure(count, wave=wave))]
    situations = [
        (letter, situation_measure(kind, letter=letter, wave=wave)) for kind in exits for letter in SITUATIONS
    ]
    if count == "q":
        return [*((1, kind) for kind in exits), *((-1, measure) for _, measure in situations)]
    if count == "unclassified":
        employed = situation_measure("completed", letter="e", wave=wave)
        return [(1, employed), *((-1, job_measure(name, wave=wave)) for name in JOB_CLASSES)]
    return [(1, measure) for letter, measure in situations if letter == count]
