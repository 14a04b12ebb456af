"""Ends: how an enrolment stops, and how a wrong end is taken back."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.enrolment.domain import refusals
from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.enrolments import Enrolment, Status
from shared.kernel.errors import Invalid

SHARE_OF_HOURS: Final = 80
"""Percent of the planned hours that make a completion before the end."""
OVERDUE_AFTER: Final = timedelta(days=60)
UNKNOWN_AFTER: Final = timedelta(days=180)


class Reason(StrEnum):
    """Why a learner gave up."""

    JOB_FOUND = "job_found"
    HEALTH = "health"
    FAMILY = "family"
    MOVED = "moved"
    FINANCIAL = "financial"
    TRAINING_UNSUITABLE = "training_unsuitable"
    OTHER = "other"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """Whether the end is known, awaited, or given up."""

    RUNNING = "running"
    ENDED = "ended"
    END_OVERDUE = "end_overdue"
    END_UNKNOWN = "end_unknown"


@dataclass(frozen=True, slots=True)
class DeclaredEnd:
    """An end as the holder declares it; `kind` is a status other than in_training."""

    reference: str
    kind: str
    ended_on: date
    reason: str | None = None
    hours_attended_inperson: int | None = None
    hours_attended_online: int | None = None
    continues_in: str | None = None


def end(
    held: Enrolment, declared: DeclaredEnd, *, destination: Enrolment | None, calendar: Calendar
) -> Enrolment:
    """The enrolment with its end, or `held` itself when it has just this end. Raises Invalid, Forbidden."""
    _check_reason(declared)
    destination_id = _destination(held, declared, destination=destination)
    ended = replace(
        held,
        status=Status(declared.kind),
        ended_on=declared.ended_on,
        end_reason=_reason_of(declared),
        continues_in=destination_id,
        hours_attended_inperson=declared.hours_attended_inperson,
        hours_attended_online=declared.hours_attended_online,
    )
    if ended == held:
        return held
    _check_sequence(ended)
    if declared.ended_on != held.ended_on:
        calendar.check(declared.ended_on, pointer="/ended_on")
    if ended.status == Status.COMPLETED and not may_be_completion(ended):
        raise Invalid(
            refusals.NOT_A_COMPLETION,
            pointer="/kind",
            expected=f"ended_on >= {ended.planned_end_on}, or hours",
        )
    return replace(ended, version=held.version + 1)


def withdraw_end(held: Enrolment) -> Enrolment:
    """The enrolment without its end, or `held` itself when it has none."""
    if held.status == Status.IN_TRAINING:
        return held
    return replace(
        held,
        status=Status.IN_TRAINING,
        ended_on=None,
        end_reason=None,
        continues_in=None,
        hours_attended_inperson=None,
        hours_attended_online=None,
        version=held.version + 1,
    )


def may_be_completion(ended: Enrolment) -> bool:
    """Present at the planned end, or at least 80 % of the hours; hours that are not known refuse nothing.

    Source: rule 9.
    """
    if ended.ended_on is None or ended.ended_on >= ended.planned_end_on:
        return True
    planned = _total(ended.hours_planned_inperson, ended.hours_planned_online)
    attended = _total(ended.hours_attended_inperson, ended.hours_attended_online)
    if planned is None or attended is None:
        return True
    return attended * 100 >= planned * SHARE_OF_HOURS


def standing_of(*, status: str, planned_end_on: date, on: date) -> Standing:
    """Whether an end is awaited: overdue 60 days after the planned end, unknown after 180. Source: rule 13."""
    if status != Status.IN_TRAINING:
        return Standing.ENDED
    if on >= planned_end_on + UNKNOWN_AFTER:
        return Standing.END_UNKNOWN
    return Standing.END_OVERDUE if on > planned_end_on + OVERDUE_AFTER else Standing.RUNNING


def _total(inperson: int | None, online: int | None) -> int | None:
    """One of the two kinds of hours is enough to know; the other is then none."""
    if inperson is None and online is None:
        return None
    return (inperson or 0) + (online or 0)


def _check_reason(declared: DeclaredEnd) -> None:
    if declared.reason is not None and declared.kind != Status.ABANDONED:
        raise Invalid(refusals.REASON_NOT_EXPECTED, pointer="/reason")


def _reason_of(declared: DeclaredEnd) -> str | None:
    return (declared.reason or Reason.UNKNOWN) if declared.kind == Status.ABANDONED else None


def _destination(held: Enrolment, declared: DeclaredEnd, *, destination: Enrolment | None) -> UUID | None:
    """The enrolment that continues a transferred one. Source: rule 10."""
    if declared.kind != Status.TRANSFERRED:
        if declared.continues_in is not None:
            raise Invalid(refusals.DESTINATION_NOT_EXPECTED, pointer="/continues_in")
        return None
    if declared.continues_in is None:
        raise Invalid(refusals.DESTINATION_REQUIRED, pointer="/continues_in")
    if destination is None:
        raise Invalid(refusals.UNKNOWN_DESTINATION, pointer="/continues_in")
    if destination.learner_id != held.learner_id or destination.enrolment_id == held.enrolment_id:
        raise Invalid(refusals.DESTINATION_OF_ANOTHER_LEARNER, pointer="/continues_in")
    return destination.enrolment_id


def _check_sequence(ended: Enrolment) -> None:
    """Nobody leaves before coming, and who has come is no longer cancelled."""
    if ended.ended_on is None:
        return
    if ended.status == Status.CANCELLED:
        if ended.ended_on > ended.entered_on:
            raise Invalid(
                refusals.CANCELLED_AFTER_ENTRY, pointer="/ended_on", expected=f"<= {ended.entered_on}"
            )
    elif ended.ended_on < ended.entered_on:
        raise Invalid(refusals.END_BEFORE_ENTRY, pointer="/ended_on", expected=f">= {ended.entered_on}")
