"""How an enrolment ends."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.ends import DeclaredEnd, end, standing_of, withdraw_end
from services.enrolment.domain.enrolments import Enrolment
from services.enrolment.domain.profiles import DeclaredProfile, Person, profile_at_entry
from shared.kernel.errors import DomainError

ENTRY, PLANNED = date(2016, 3, 1), date(2016, 9, 30)
CALENDAR = Calendar(today=date(2016, 12, 31), may_backfill=True)
SOMEBODY = UUID(int=7)


def enrolment(number: int = 1, *, learner: UUID = SOMEBODY, hours: int | None = None) -> Enrolment:
    return Enrolment(
        enrolment_id=UUID(int=number),
        holder="000000018",
        reference=f"INS-{number}",
        learner_id=learner,
        session_id=UUID(int=50),
        training_id=UUID(int=60),
        coverage="covered",
        entered_on=ENTRY,
        planned_end_on=PLANNED,
        profile=profile_at_entry(
            DeclaredProfile(), person=Person("female", date(1994, 5, 17), None), entered_on=ENTRY
        ),
        search_opposed=False,
        hours_planned_inperson=hours,
    )


def declared(kind: str, ended_on: date, **values: object) -> DeclaredEnd:
    return replace(DeclaredEnd("INS-1", kind, ended_on), **values)  # type: ignore[arg-type]  # test shorthand


def code_of(declaration: DeclaredEnd, *, held: Enrolment, destination: Enrolment | None = None) -> str:
    with pytest.raises(DomainError) as refused:
        end(held, declaration, destination=destination, calendar=CALENDAR)
    return refused.value.rule.code


def test_a_completion_keeps_its_hours_and_grows_the_version() -> None:
    ended = end(
        enrolment(),
        declared("completed", PLANNED, hours_attended_inperson=300),
        destination=None,
        calendar=CALENDAR,
    )
    assert (ended.status, ended.ended_on, ended.hours_attended_inperson, ended.version) == (
        "completed",
        PLANNED,
        300,
        2,
    )


@pytest.mark.parametrize(
    ("ended_on", "planned", "attended", "accepted"),
    [
        (PLANNED, 500, 10, True),
        (PLANNED - timedelta(days=20), 500, 400, True),
        (PLANNED - timedelta(days=20), 500, 399, False),
        (PLANNED - timedelta(days=20), None, 399, True),
        (PLANNED - timedelta(days=20), 500, None, True),
    ],
)
def test_a_completion_is_presence_at_the_end_or_four_fifths_of_the_hours(
    ended_on: date, planned: int | None, attended: int | None, *, accepted: bool
) -> None:
    held, said = (
        enrolment(hours=planned),
        declared("completed", ended_on, hours_attended_inperson=attended),
    )
    if accepted:
        assert end(held, said, destination=None, calendar=CALENDAR).status == "completed"
    else:
        assert code_of(said, held=held) == "not_a_completion"


def test_an_abandonment_without_a_reason_has_an_unknown_one() -> None:
    ended = end(enrolment(), declared("abandoned", PLANNED), destination=None, calendar=CALENDAR)
    assert ended.end_reason == "unknown"


@pytest.mark.parametrize(
    ("declaration", "code"),
    [
        (declared("abandoned", ENTRY - timedelta(days=1)), "end_before_entry"),
        (declared("cancelled", ENTRY + timedelta(days=1)), "cancelled_after_entry"),
        (declared("completed", PLANNED, reason="job_found"), "reason_not_expected"),
        (declared("completed", PLANNED, continues_in="INS-2"), "destination_not_expected"),
        (declared("transferred", PLANNED), "destination_required"),
        (declared("transferred", PLANNED, continues_in="INS-2"), "unknown_destination"),
        (declared("abandoned", date(2017, 1, 2)), "date_in_future"),
    ],
)
def test_an_end_that_cannot_be_is_refused(declaration: DeclaredEnd, code: str) -> None:
    assert code_of(declaration, held=enrolment()) == code


def test_who_never_came_is_cancelled_on_the_day_of_entry_at_the_latest() -> None:
    ended = end(enrolment(), declared("cancelled", ENTRY), destination=None, calendar=CALENDAR)
    assert ended.status == "cancelled"


def test_a_transfer_names_another_enrolment_of_the_same_learner() -> None:
    said = declared("transferred", PLANNED, continues_in="INS-2")
    ended = end(enrolment(), said, destination=enrolment(2), calendar=CALENDAR)
    assert ended.continues_in == UUID(int=2)
    stranger = enrolment(2, learner=UUID(int=8))
    assert code_of(said, held=enrolment(), destination=stranger) == "destination_of_another_learner"
    assert code_of(said, held=enrolment(), destination=enrolment(1)) == "destination_of_another_learner"


def test_the_same_end_again_changes_nothing_and_a_withdrawn_one_leaves_no_trace() -> None:
    said = declared("abandoned", PLANNED, reason="health", hours_attended_online=3)
    ended = end(enrolment(), said, destination=None, calendar=CALENDAR)
    assert end(ended, said, destination=None, calendar=CALENDAR) is ended
    running = withdraw_end(ended)
    assert running == replace(enrolment(), version=3)
    assert withdraw_end(running) is running


def test_an_old_end_needs_the_backfill_right_unless_it_is_already_known() -> None:
    today = Calendar(today=date(2017, 6, 1), may_backfill=False)
    said = declared("completed", PLANNED)
    with pytest.raises(DomainError, match="backfill_scope_required"):
        end(enrolment(), said, destination=None, calendar=today)
    ended = end(enrolment(), said, destination=None, calendar=CALENDAR)
    corrected = end(ended, replace(said, hours_attended_inperson=7), destination=None, calendar=today)
    assert corrected.hours_attended_inperson == 7


@pytest.mark.parametrize(
    ("days", "status", "standing"),
    [
        (60, "in_training", "running"),
        (61, "in_training", "end_overdue"),
        (179, "in_training", "end_overdue"),
        (180, "in_training", "end_unknown"),
        (181, "abandoned", "ended"),
    ],
)
def test_an_end_that_does_not_come_is_overdue_and_then_unknown(days: int, status: str, standing: str) -> None:
    on = PLANNED + timedelta(days=days)
    assert standing_of(status=status, planned_end_on=PLANNED, on=on) == standing
