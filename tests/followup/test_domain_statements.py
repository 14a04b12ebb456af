"""Whether a line is sound, and what it means beside what is held."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.followup.domain.contracts import Classified
from services.followup.domain.exits import after_hearing
from services.followup.domain.followups import Exclusion, ExclusionCode, Exit, Status
from services.followup.domain.lots import LotHead, check_lot
from services.followup.domain.observations import Key, Kind, Observation, Source, Statement
from services.followup.domain.pushes import Push
from services.followup.domain.statements import Day, Meaning, examine, is_backfill
from shared.kernel.errors import Conflict, DomainError, Invalid
from tests.followup.cases import CODES, ENROLMENT, HOLDER, TRAINING, day, followed

TODAY = day("2016-07-01")
OTHER = UUID("6c0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a04")


def statement(kind: Kind = Kind.CONTRACT, *, content: str = "a", **more: object) -> Statement:
    values: dict[str, object] = {
        "reference": "R1",
        "kind": kind,
        "collected_on": day("2016-06-20"),
        "content": content,
        "enrolment_id": None if kind is Kind.RETRACTION else ENROLMENT,
    }
    if kind in {Kind.CONTRACT, Kind.SELF_EMPLOYMENT}:
        values["starts_on"] = day("2016-05-02")
    if kind in {Kind.SITUATION, Kind.SEARCHED_NOT_FOUND}:
        values["observed_on"] = day("2016-06-15")
    values |= {"nature_dsn": "01"} if kind is Kind.CONTRACT else {}
    values |= {"situation": "job_search"} if kind is Kind.SITUATION else {}
    return Statement(**(values | more))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("line", "outcome", "durable"),
    [
        (statement(), "permanent", True),
        (statement(Kind.SELF_EMPLOYMENT), "own_business", True),
        (statement(Kind.SITUATION, situation="fixed_lt6"), "fixed_lt6", False),
        (statement(Kind.SITUATION, situation="temp_agency"), "temp_agency", None),
        (statement(Kind.SITUATION), "job_search", None),
        (statement(Kind.SEARCHED_NOT_FOUND), "", None),
        (statement(Kind.RETRACTION), "", None),
        (statement(starts_on=day("2016-07-21")), "permanent", True),
        (statement(starts_on=day("1999-01-01")), "permanent", True),
    ],
)
def test_a_sound_line_stands_for_an_outcome(line: Statement, outcome: str, *, durable: bool | None) -> None:
    found = examine(line, Day(TODAY, may_backfill=False), codes=CODES)

    assert (found.outcome, found.durable) == (outcome, durable)


@pytest.mark.parametrize(
    ("line", "code", "pointer"),
    [
        (statement(collected_on=day("2016-07-03")), "date_in_future", "/collected_on"),
        (statement(collected_on=day("2016-04-01")), "backfill_scope_required", "/collected_on"),
        (statement(Kind.SITUATION, observed_on=day("2016-04-01")), "backfill_scope_required", "/observed_on"),
        (
            statement(Kind.SEARCHED_NOT_FOUND, observed_on=day("2016-04-01")),
            "backfill_scope_required",
            "/searched_on",
        ),
        (
            statement(Kind.SITUATION, observed_on=day("2016-06-21")),
            "observed_after_collection",
            "/observed_on",
        ),
        (statement(starts_on=day("2016-07-22")), "starts_too_late", "/starts_on"),
        (statement(ends_on=day("2016-05-01")), "ends_before_start", "/ends_on"),
        (statement(planned_end_on=day("2016-05-01")), "ends_before_start", "/planned_end_on"),
        (statement(Kind.SITUATION, situation="astronaut"), "unknown_outcome", "/situation"),
    ],
)
def test_an_unsound_line_says_which_field_and_which_rule(line: Statement, code: str, pointer: str) -> None:
    with pytest.raises(DomainError) as refused:
        examine(line, Day(TODAY, may_backfill=False), codes=CODES)

    (violation,) = refused.value.violations
    assert (violation.rule.code, violation.pointer) == (code, pointer)
    assert "astronaut" not in str(violation)


def test_old_dates_pass_with_the_right_and_are_noticed() -> None:
    old = statement(collected_on=day("2015-01-02"), starts_on=day("2014-01-01"))

    assert examine(old, Day(TODAY, may_backfill=True), codes=CODES).outcome == "permanent"
    assert is_backfill(old, today=TODAY)
    assert not is_backfill(statement(starts_on=day("2010-01-01")), today=TODAY)


@pytest.mark.parametrize("late", ["complete_to", "produced_on"])
def test_no_source_is_complete_to_the_future(late: str) -> None:
    days = {"complete_to": TODAY, "produced_on": TODAY} | {late: TODAY + timedelta(days=2)}
    lot = LotHead("L", TODAY, TODAY, "all", **days)

    with pytest.raises(Invalid) as refused:
        check_lot(lot, today=TODAY)
    assert refused.value.violations[0].pointer == f"/lot/{late}"


def push(*lines: Statement, source: Source = Source.ADMINISTRATIVE, reporter: str = "ft") -> Push:
    opened = opening(source=source, reporter=reporter)
    for line in lines:
        opened.take(line, Classified("permanent", True))
    return opened


def opening(*, source: Source = Source.ADMINISTRATIVE, reporter: str = "ft") -> Push:
    held: dict[Key, Observation] = {}
    return Push(reporter, source, datetime(2016, 7, 1, tzinfo=UTC), {ENROLMENT: followed()}, held, set())


FIRST, LATER, BEFORE = day("2016-06-20"), day("2016-06-25"), day("2016-06-10")
A, B = statement(content="a"), statement(content="b")
RETRACTED = statement(Kind.RETRACTION, content="-")


@pytest.mark.parametrize(
    ("held", "line", "meaning"),
    [
        ([], A, Meaning.NEW),
        ([], RETRACTED, Meaning.RETRACTS_UNKNOWN),
        ([A], A, Meaning.DUPLICATE),
        ([A], A._replace(collected_on=LATER), Meaning.CONFIRMS),
        ([A], A._replace(collected_on=BEFORE), Meaning.DUPLICATE),
        ([A], B, Meaning.CORRECTS),
        ([A], B._replace(collected_on=LATER), Meaning.CORRECTS),
        ([A], B._replace(collected_on=BEFORE), Meaning.OLDER),
        ([A], RETRACTED, Meaning.RETRACTS),
        ([A], RETRACTED._replace(collected_on=BEFORE), Meaning.OLDER),
        ([A, RETRACTED], RETRACTED, Meaning.DUPLICATE),
        ([A, RETRACTED], RETRACTED._replace(collected_on=LATER), Meaning.CONFIRMS),
        ([A, RETRACTED], A, Meaning.OLDER),
        ([A, RETRACTED], A._replace(collected_on=BEFORE), Meaning.OLDER),
        ([A, RETRACTED], A._replace(collected_on=LATER), Meaning.CORRECTS),
        ([RETRACTED], A, Meaning.OLDER),
        ([RETRACTED], A._replace(collected_on=LATER), Meaning.CORRECTS),
        # Confirmed later: what was collected in between no longer corrects it.
        ([A, A._replace(collected_on=LATER)], B._replace(collected_on=day("2016-06-22")), Meaning.OLDER),
    ],
)
def test_a_line_means_something_beside_its_reference(
    held: list[Statement], line: Statement, meaning: Meaning
) -> None:
    assert push(*held).take(line, Classified("permanent", True)).meaning is meaning


def test_a_reference_cannot_move_to_another_enrolment() -> None:
    with pytest.raises(Conflict) as refused:
        push(A).take(A._replace(enrolment_id=OTHER, content="c"), Classified("permanent", True))

    assert refused.value.rule.code == "other_enrolment"


def test_what_a_holder_says_of_anothers_learner_waits_as_for_an_exit_that_nobody_heard() -> None:
    assert not opening(source=Source.HOLDER, reporter=HOLDER).waits(A)
    assert opening(source=Source.HOLDER, reporter="000000026").waits(A)
    assert not opening(source=Source.ADMINISTRATIVE, reporter="ft").waits(A)


def test_a_correction_keeps_the_day_the_fact_was_first_known() -> None:
    held = push(A, B._replace(collected_on=LATER)).held["ft", "R1"]

    assert (held.first_collected_on, held.collected_on, held.revision) == (FIRST, LATER, 2)


def test_a_fact_said_again_after_its_retraction_is_known_from_then() -> None:
    held = push(A, RETRACTED, A._replace(collected_on=LATER)).held["ft", "R1"]

    assert held.first_collected_on == LATER


@dataclass(frozen=True)
class Final:
    """What is left of a reference, but for how it came there."""

    content: bytes
    collected_on: date


def final(lines: tuple[Statement, ...]) -> Final:
    held = push(*lines).held["ft", "R1"]
    return Final(held.digest, held.collected_on)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "-"]), st.integers(0, 30)),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one[1],
    )
)
def test_the_latest_collected_stands_in_whatever_order_lines_come(said: list[tuple[str, int]]) -> None:
    lines = [
        (RETRACTED if content == "-" else A._replace(content=content))._replace(
            collected_on=FIRST + timedelta(days=days)
        )
        for content, days in said
    ]

    assert len({final(order) for order in permutations(lines)}) == 1


LEFT = Exit(HOLDER, TRAINING, day("2016-03-15"), "completed")


def test_an_exit_opens_moves_and_closes_a_followup() -> None:
    opened = after_hearing(None, LEFT, enrolment_id=ENROLMENT, version=2)
    assert opened is not None
    assert (opened.status, opened.exit) == (Status.OPEN, LEFT)
    moved = after_hearing(opened, LEFT._replace(exit_on=day("2016-03-20")), enrolment_id=ENROLMENT, version=3)
    assert moved is not None
    assert moved.exit == LEFT._replace(exit_on=day("2016-03-20"))
    closed = after_hearing(moved, None, enrolment_id=ENROLMENT, version=4)
    assert closed is not None
    assert closed.status is Status.CLOSED


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_or_equal_version_changes_nothing(version: int) -> None:
    held = followed()._replace(enrolment_version=2)

    assert after_hearing(held, None, enrolment_id=ENROLMENT, version=version) is None


def test_what_never_had_an_exit_is_not_followed() -> None:
    assert after_hearing(None, None, enrolment_id=ENROLMENT, version=1) is None


def test_an_exclusion_outlives_a_withdrawn_end() -> None:
    exclusion = Exclusion(ExclusionCode.DECEASED, day("2016-05-01"), "P")
    closed = followed()._replace(status=Status.CLOSED, exclusion=exclusion, enrolment_version=3)

    again = after_hearing(closed, LEFT, enrolment_id=ENROLMENT, version=4)

    assert again is not None
    assert again.status is Status.EXCLUDED
