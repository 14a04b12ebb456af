"""Criteria as data, and what the declared facts say about each: met, not met or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

FactValue = bool | int | str | tuple[str, ...] | None
Threshold = int | tuple[str, ...] | None


class Kind(StrEnum):
    """What a criterion is for."""

    ELIGIBILITY = "eligibility"
    """Pass or fail: an application that does not meet it is not reviewed."""
    SELECTION = "selection"
    """Weighed by people."""
    TARGET = "target"
    """Held at the level of the scheme."""
    PRIORITY = "priority"
    """In favour of an application."""


class Operator(StrEnum):
    """The closed list of what can be asked of a fact."""

    IS_TRUE = "is_true"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ONE_OF = "one_of"
    ANY_OF = "any_of"
    COUNT_AT_LEAST = "count_at_least"
    PRESENT = "present"


class Result(StrEnum):
    """What a fact says; a fact that was not declared says nothing."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Criterion:
    """One question to one declared fact."""

    id: str
    kind: Kind
    text_fr: str
    text_en: str
    operator: Operator
    fact: str
    threshold: Threshold
    source: str


@dataclass(frozen=True)
class CriteriaSet:
    """A version of the criteria, never changed once applications were judged by it."""

    id: str
    title_fr: str
    title_en: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Flip:
    """The nearest value that turns a numeric criterion over, and its distance from the declared one."""

    to: int
    change: int | None = None


@dataclass(frozen=True)
class Finding:
    """What the facts say about one criterion, with all that is needed to check it."""

    criterion: str
    kind: Kind
    result: Result
    fact: str
    operator: Operator
    threshold: Threshold
    evidence: FactValue
    flip: Flip | None = None


_SCALAR = frozenset({Operator.PRESENT})
OPERATORS_OF: Mapping[str, frozenset[Operator]] = {
    "flag": _SCALAR | {Operator.IS_TRUE},
    "number": _SCALAR | {Operator.AT_LEAST, Operator.AT_MOST},
    "code": _SCALAR | {Operator.ONE_OF},
    "codes": _SCALAR | {Operator.ANY_OF, Operator.COUNT_AT_LEAST},
}
"""Which operators fit which type of fact."""

TYPE_OF_FACT: Mapping[str, str] = {
    "free_of_charge": "flag",
    "followup_six_months": "flag",
    "innovative": "flag",
    "online_only": "flag",
    "site_in_qpv": "flag",
    "insertion_objective_percent": "number",
    "months": "number",
    "hours": "number",
    "level": "number",
    "posts": "number",
    "share_women": "number",
    "share_low_qualified": "number",
    "share_neet": "number",
    "share_qpv": "number",
    "trade_family": "code",
    "skill_group": "code",
    "certification_kind": "code",
    "register_entry": "code",
    "network": "code",
    "approaches": "codes",
    "support": "codes",
    "needs": "codes",
}
"""Every fact a criterion may ask for; `needs` is the list of the kinds of its employers."""


def evaluate(criteria: Sequence[Criterion], facts: Mapping[str, FactValue]) -> tuple[Finding, ...]:
    """What the facts say about each criterion, in the order of the set.

    Source: architecture, criteria sets: evidence, threshold and smallest change for each criterion.
    """
    return tuple(_find(criterion, facts.get(criterion.fact)) for criterion in criteria)


def failed_eligibility(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The eligibility criteria that are not met or unknown: what makes an application inadmissible.

    Source: pass-or-fail gate before assessment (calls of 2018 and 2021), unknown counted as not shown.
    """
    return tuple(
        finding
        for finding in findings
        if finding.kind is Kind.ELIGIBILITY and finding.result is not Result.MET
    )


def _find(criterion: Criterion, value: FactValue) -> Finding:
    return Finding(
        criterion=criterion.id,
        kind=criterion.kind,
        result=_result(criterion, value),
        fact=criterion.fact,
        operator=criterion.operator,
        threshold=criterion.threshold,
        evidence=value,
        flip=_flip(criterion, value),
    )


def _result(criterion: Criterion, value: FactValue) -> Result:
    if criterion.operator is Operator.PRESENT:
        return _told(value not in (None, ()))
    if value is None:
        return Result.UNKNOWN
    return _told(_holds(criterion, value))


def _told(holds: object) -> Result:
    return Result.MET if holds else Result.NOT_MET


def _holds(criterion: Criterion, value: FactValue) -> bool:
    threshold = criterion.threshold
    if isinstance(threshold, int):
        number = _number(value)
        return number <= threshold if criterion.operator is Operator.AT_MOST else number >= threshold
    if isinstance(threshold, tuple):
        held = value if isinstance(value, tuple) else (value,)
        return any(item in threshold for item in held)
    return value is True


def _number(value: FactValue) -> int:
    return len(value) if isinstance(value, tuple) else int(value or 0)


def _flip(criterion: Criterion, value: FactValue) -> Flip | None:
    """The nearest value on the other side of the threshold; from an unknown fact, the threshold itself."""
    threshold = criterion.threshold
    if not isinstance(threshold, int):
        return None
    if value is None:
        return Flip(threshold)
    step = 1 if criterion.operator is Operator.AT_MOST else -1
    to = threshold + step if _holds(criterion, value) else threshold
    # No fact of ours goes below zero: such a criterion cannot be turned over.
    return Flip(to, to - _number(value)) if to >= 0 else None
