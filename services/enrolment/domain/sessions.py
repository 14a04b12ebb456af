"""Sessions: what a holder declares of a dated run of a training, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.enrolment.domain import refusals
from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.labels import (
    Coverage,
    Label,
    Run,
    coverage_of_session,
    valid_during,
    validity_dates,
)
from shared.kernel.errors import Invalid
from shared.kernel.identifiers import stable_id


@dataclass(frozen=True, slots=True)
class DeclaredSession:
    """A session as its holder declares it; `training` is the holder's own reference of the training."""

    reference: str
    training: str
    starts_on: date
    planned_end_on: date
    capacity: int | None = None
    rolling_entry: bool = False
    cancelled_on: date | None = None

    @property
    def run(self) -> Run:
        """What coverage needs to know."""
        return Run(self.starts_on, self.planned_end_on, self.rolling_entry)


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is held."""

    session_id: UUID
    holder: str
    training_id: UUID
    declared: DeclaredSession
    coverage: Coverage
    version: int


def training_id_of(holder: str, training: str) -> UUID:
    """The training that a holder's reference names, the same in every service."""
    return stable_id("training", holder, training)


def open_session(
    declared: DeclaredSession, *, holder: str, labels: Sequence[Label], calendar: Calendar
) -> Session:
    """A new session. Raises Invalid, or Forbidden for an old date without the right.

    A start outside the label is refused; without a label the session waits. Source: rules 1, 2 and 5.
    """
    _check_dates(declared)
    calendar.check_plan(declared.starts_on, pointer="/starts_on")
    _check_cancellation(declared, calendar=calendar)
    _check_start(declared, labels=labels)
    return Session(
        session_id=stable_id("session", holder, declared.reference),
        holder=holder,
        training_id=training_id_of(holder, declared.training),
        declared=declared,
        coverage=coverage_of_session(declared.run, labels=labels),
        version=1,
    )


def change_session(
    held: Session, declared: DeclaredSession, *, labels: Sequence[Label], calendar: Calendar
) -> Session:
    """The session after a new declaration. Raises Invalid, or Forbidden for an old date without the right.

    A session that is postponed beyond its label's validity is kept and is no longer covered. Source: rule 1.
    """
    _check_dates(declared)
    if declared.starts_on != held.declared.starts_on:
        calendar.check_plan(declared.starts_on, pointer="/starts_on")
    if declared.cancelled_on != held.declared.cancelled_on:
        _check_cancellation(declared, calendar=calendar)
    return replace(
        held,
        training_id=training_id_of(held.holder, declared.training),
        declared=declared,
        coverage=coverage_of_session(declared.run, labels=labels),
        version=held.version + 1,
    )


def _check_dates(declared: DeclaredSession) -> None:
    if declared.planned_end_on < declared.starts_on:
        raise Invalid(
            refusals.END_BEFORE_START, pointer="/planned_end_on", expected=f">= {declared.starts_on}"
        )


def _check_cancellation(declared: DeclaredSession, *, calendar: Calendar) -> None:
    if declared.cancelled_on is not None:
        calendar.check(declared.cancelled_on, pointer="/cancelled_on")


def _check_start(declared: DeclaredSession, *, labels: Sequence[Label]) -> None:
    """Source: rules 1 and 2."""
    run = declared.run
    if coverage_of_session(run, labels=labels) is not Coverage.NOT_COVERED:
        return
    valid = [
        label
        for label in labels
        if (valid_during(label, run) if run.rolling_entry else label.is_valid(run.starts_on))
    ]
    if valid:
        raise Invalid(refusals.START_WHILE_LABEL_WITHHELD, pointer="/starts_on")
    raise Invalid(
        refusals.START_OUTSIDE_LABEL_VALIDITY, pointer="/starts_on", expected=validity_dates(labels)
    )
