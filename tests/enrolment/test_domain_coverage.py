"""What a label covers."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrolment.domain.labels import (
    Coverage,
    Label,
    Run,
    Suspension,
    coverage_of_entry,
    coverage_of_session,
    validity_dates,
)

FIRST, LAST = date(2016, 2, 3), date(2019, 2, 2)
A_DAY = timedelta(days=1)
LABEL = Label(FIRST, LAST)
SUSPENDED = Label(FIRST, LAST, (Suspension(date(2016, 6, 1), date(2016, 6, 30)),))
SUSPENDED_STILL = Label(FIRST, LAST, (Suspension(date(2016, 6, 1)),))
REVOKED = Label(FIRST, LAST, revoked_on=date(2016, 9, 1))


def run(starts_on: date, *, rolling: bool = False, months: int = 6) -> Run:
    return Run(starts_on, starts_on + timedelta(days=30 * months), rolling_entry=rolling)


@pytest.mark.parametrize(
    ("labels", "starts_on", "expected"),
    [
        ((), date(2016, 3, 1), "waiting_for_label"),
        ((LABEL,), FIRST - A_DAY, "not_covered"),
        ((LABEL,), FIRST, "covered"),
        ((LABEL,), LAST, "covered"),
        ((LABEL,), LAST + A_DAY, "not_covered"),
        ((SUSPENDED,), date(2016, 5, 31), "covered"),
        ((SUSPENDED,), date(2016, 6, 1), "not_covered"),
        ((SUSPENDED,), date(2016, 6, 30), "not_covered"),
        ((SUSPENDED,), date(2016, 7, 1), "covered"),
        ((SUSPENDED_STILL,), date(2018, 1, 1), "not_covered"),
        ((REVOKED,), date(2016, 8, 31), "covered"),
        ((REVOKED,), date(2016, 9, 1), "not_covered"),
        ((LABEL, Label(LAST + A_DAY, date(2022, 2, 2))), LAST + A_DAY, "covered"),
        ((REVOKED, Label(date(2017, 1, 1), date(2020, 1, 1))), date(2017, 1, 1), "covered"),
    ],
)
def test_a_session_is_covered_by_its_start(labels: tuple[Label, ...], starts_on: date, expected: str) -> None:
    assert coverage_of_session(run(starts_on), labels=labels) == expected


@pytest.mark.parametrize(
    ("starts_on", "expected"),
    [
        (FIRST - timedelta(days=30), "covered"),
        (FIRST - timedelta(days=300), "not_covered"),
        (LAST, "covered"),
        (LAST + A_DAY, "not_covered"),
    ],
)
def test_a_rolling_session_needs_one_day_of_validity(starts_on: date, expected: str) -> None:
    assert coverage_of_session(run(starts_on, rolling=True), labels=(LABEL,)) == expected


@pytest.mark.parametrize(
    ("label", "rolling", "entered_on", "expected"),
    [
        (LABEL, False, LAST + A_DAY, "covered"),
        (LABEL, True, LAST + A_DAY, "not_covered"),
        (LABEL, True, LAST, "covered"),
        (Label(FIRST, LAST, revoked_on=LAST), False, LAST, "not_covered"),
        (Label(FIRST, LAST, revoked_on=LAST + A_DAY), False, LAST + A_DAY, "not_covered"),
        (Label(FIRST, LAST, (Suspension(LAST - A_DAY),)), True, LAST - A_DAY, "not_covered"),
    ],
)
def test_an_entry_follows_its_session_or_its_own_day(
    label: Label, *, rolling: bool, entered_on: date, expected: str
) -> None:
    session = run(LAST - 5 * A_DAY, rolling=rolling)
    assert coverage_of_entry(session, entered_on, labels=(label,)) == expected


def test_an_entry_waits_with_its_session() -> None:
    assert coverage_of_entry(run(FIRST), FIRST, labels=()) is Coverage.WAITING


@given(st.dates(date(2015, 1, 1), date(2021, 1, 1)), st.integers(0, 100))
def test_an_entry_is_never_covered_where_its_session_is_not(starts_on: date, days: int) -> None:
    session, labels = run(starts_on), (SUSPENDED, REVOKED)
    if coverage_of_session(session, labels=labels) is Coverage.NOT_COVERED:
        entered_on = starts_on + timedelta(days=days)
        assert coverage_of_entry(session, entered_on, labels=labels) is Coverage.NOT_COVERED


def test_a_refusal_shows_every_validity() -> None:
    renewed = Label(LAST + A_DAY, date(2022, 2, 2))
    assert validity_dates([renewed, LABEL]) == "2016-02-03 .. 2019-02-02, 2019-02-03 .. 2022-02-02"


@pytest.mark.parametrize(
    ("withheld", "expected"),
    [
        ({"revoked_on": FIRST + 10 * A_DAY}, "not_covered"),
        ({"suspensions": (Suspension(FIRST + 10 * A_DAY, None),)}, "not_covered"),
        ({"suspensions": (Suspension(FIRST + 10 * A_DAY, FIRST + 40 * A_DAY),)}, "covered"),
    ],
)
def test_a_rolling_session_after_a_withdrawal_is_covered_only_if_somebody_may_enter(
    withheld: dict[str, Any], expected: str
) -> None:
    label = replace(LABEL, **withheld)
    assert coverage_of_session(run(FIRST + 20 * A_DAY, rolling=True), labels=(label,)) == expected
