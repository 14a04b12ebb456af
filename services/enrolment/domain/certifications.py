"""Certifications: a jury's result, a fact of its own that may come months after the end."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.enrolment.domain import refusals
from services.enrolment.domain.calendars import Calendar
from shared.kernel.errors import Invalid
from shared.kernel.identifiers import stable_id


@dataclass(frozen=True)
class DeclaredResult:
    """A result as the holder declares it; register, kind and level are three facts."""

    reference: str
    register_entry: str | None
    kind: str
    level: int | None
    result: str
    decided_on: date


@dataclass(frozen=True, slots=True)
class Certification:
    """A result as it is held."""

    certification_id: UUID
    enrolment_id: UUID
    holder: str
    declared: DeclaredResult
    version: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a result needs to know of the enrolment."""

    enrolment_id: UUID
    holder: str
    entered_on: date


def award(
    held: Certification | None, declared: DeclaredResult, *, candidate: Candidate, calendar: Calendar
) -> Certification:
    """The result after a declaration, `held` itself when it says nothing new. Source: rule 9.

    Raises Invalid, or Forbidden for an old decision without the right.
    """
    if held is not None and held.declared == declared:
        return held
    if declared.decided_on < candidate.entered_on:
        raise Invalid(
            refusals.DECIDED_BEFORE_ENTRY, pointer="/decided_on", expected=f">= {candidate.entered_on}"
        )
    if held is None or held.declared.decided_on != declared.decided_on:
        calendar.check(declared.decided_on, pointer="/decided_on")
    if held is not None:
        return replace(held, declared=declared, version=held.version + 1)
    return Certification(
        certification_id=stable_id("certification", str(candidate.enrolment_id), declared.reference),
        enrolment_id=candidate.enrolment_id,
        holder=candidate.holder,
        declared=declared,
        version=1,
    )
