"""Enrolments: one learner in one session, from the entry on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.enrolment.domain import refusals
from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.labels import Coverage, Label, coverage_of_entry, validity_dates
from services.enrolment.domain.learners import DeclaredLearner, Learner, check_age
from services.enrolment.domain.profiles import DeclaredProfile, Profile, profile_at_entry
from services.enrolment.domain.sessions import Session
from shared.kernel.errors import Conflict, Invalid


class Status(StrEnum):
    """Where an enrolment stands."""

    IN_TRAINING = "in_training"
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    TRANSFERRED = "transferred"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class DeclaredEntry:
    """An entry as the holder declares it; the planned end is the session's unless given."""

    reference: str
    session: str
    learner: DeclaredLearner
    entered_on: date
    planned_end_on: date | None
    profile: DeclaredProfile
    cost_to_learner_cents: int = 0
    hours_planned_inperson: int | None = None
    hours_planned_online: int | None = None


@dataclass(frozen=True)
class Enrolment:
    """An enrolment as it is held; nothing in it names a person."""

    enrolment_id: UUID
    holder: str
    reference: str
    learner_id: UUID
    session_id: UUID
    training_id: UUID
    coverage: str
    entered_on: date
    planned_end_on: date
    profile: Profile
    search_opposed: bool
    cost_to_learner_cents: int = 0
    hours_planned_inperson: int | None = None
    hours_planned_online: int | None = None
    status: str = Status.IN_TRAINING
    ended_on: date | None = None
    end_reason: str | None = None
    continues_in: UUID | None = None
    hours_attended_inperson: int | None = None
    hours_attended_online: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What an entry is judged against: the session, the labels of its training, the day of the call."""

    session: Session
    labels: Sequence[Label]
    calendar: Calendar


def enter(declared: DeclaredEntry, *, learner: Learner, setting: Setting, fresh_id: UUID) -> Enrolment:
    """A new enrolment. Raises Invalid, Conflict, or Forbidden for an old entry without the right."""
    session = setting.session
    planned_end_on = declared.planned_end_on or session.declared.planned_end_on
    coverage = _judge_entry(declared.entered_on, setting=setting)
    check_age(learner.identity.birth_date, entered_on=declared.entered_on)
    _check_planned_end(planned_end_on, entered_on=declared.entered_on)
    return Enrolment(
        enrolment_id=fresh_id,
        holder=learner.holder,
        reference=declared.reference,
        learner_id=learner.learner_id,
        session_id=session.session_id,
        training_id=session.training_id,
        coverage=coverage,
        entered_on=declared.entered_on,
        planned_end_on=planned_end_on,
        profile=profile_at_entry(
            declared.profile, person=learner.identity.person, entered_on=declared.entered_on
        ),
        search_opposed=learner.search_opposed,
        cost_to_learner_cents=declared.cost_to_learner_cents,
        hours_planned_inperson=declared.hours_planned_inperson,
        hours_planned_online=declared.hours_planned_online,
    )


def correct(held: Enrolment, declared: DeclaredEntry, *, learner: Learner, setting: Setting) -> Enrolment:
    """The enrolment after a new declaration, or `held` itself when it says nothing new. The end is not touched.

    The entry is judged again only if it moved: a label that was withdrawn since takes nothing back (rule 2).
    Raises Invalid, Conflict, Forbidden.
    """
    if held.learner_id != learner.learner_id:
        raise Conflict(refusals.LEARNER_IS_FIXED, pointer="/learner/reference")
    session = setting.session
    corrected = replace(
        held,
        session_id=session.session_id,
        training_id=session.training_id,
        entered_on=declared.entered_on,
        planned_end_on=declared.planned_end_on or session.declared.planned_end_on,
        profile=profile_at_entry(
            declared.profile, person=learner.identity.person, entered_on=declared.entered_on
        ),
        search_opposed=learner.search_opposed,
        cost_to_learner_cents=declared.cost_to_learner_cents,
        hours_planned_inperson=declared.hours_planned_inperson,
        hours_planned_online=declared.hours_planned_online,
    )
    # A corrected birth date may leave the profile as it is, and yet be too recent.
    check_age(learner.identity.birth_date, entered_on=corrected.entered_on)
    if corrected == held:
        return held
    coverage = held.coverage
    if (corrected.session_id, corrected.entered_on) != (held.session_id, held.entered_on):
        coverage = _judge_entry(corrected.entered_on, setting=setting)
        _check_before_end(corrected)
    _check_planned_end(corrected.planned_end_on, entered_on=corrected.entered_on)
    return replace(corrected, coverage=coverage, version=held.version + 1)


def _judge_entry(entered_on: date, *, setting: Setting) -> Coverage:
    """The coverage of an entry that may take place. Source: rules 1, 2 and 5."""
    declared = setting.session.declared
    if declared.cancelled_on is not None:
        raise Conflict(refusals.SESSION_CANCELLED, pointer="/session")
    if not declared.starts_on <= entered_on <= declared.planned_end_on:
        raise Invalid(
            refusals.ENTRY_OUTSIDE_SESSION,
            pointer="/entered_on",
            expected=f"{declared.starts_on} .. {declared.planned_end_on}",
        )
    setting.calendar.check(entered_on, pointer="/entered_on")
    coverage = coverage_of_entry(declared.run, entered_on, labels=setting.labels)
    if coverage is Coverage.NOT_COVERED:
        raise _not_covered(entered_on, setting=setting)
    return coverage


def _check_planned_end(planned_end_on: date, *, entered_on: date) -> None:
    if planned_end_on < entered_on:
        raise Invalid(
            refusals.PLANNED_END_BEFORE_ENTRY, pointer="/planned_end_on", expected=f">= {entered_on}"
        )


def _check_before_end(state: Enrolment) -> None:
    if state.ended_on and state.status != Status.CANCELLED and state.entered_on > state.ended_on:
        raise Invalid(refusals.ENTRY_AFTER_END, pointer="/entered_on", expected=f"<= {state.ended_on}")


def _not_covered(entered_on: date, *, setting: Setting) -> Invalid:
    if setting.session.coverage == Coverage.NOT_COVERED:
        return Invalid(
            refusals.SESSION_NOT_COVERED, pointer="/session", expected=validity_dates(setting.labels)
        )
    if setting.session.declared.rolling_entry and not any(
        label.is_valid(entered_on) for label in setting.labels
    ):
        return Invalid(
            refusals.ENTRY_OUTSIDE_LABEL_VALIDITY,
            pointer="/entered_on",
            expected=validity_dates(setting.labels),
        )
    return Invalid(refusals.ENTRY_WHILE_LABEL_WITHHELD, pointer="/entered_on")
