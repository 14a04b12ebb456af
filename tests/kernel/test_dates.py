"""Anniversaries are calendar months clamped to the month's end; old dates need a right, future ones are refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.clock import FixedClock
from shared.kernel.dates import add_months, check_effective
from shared.kernel.errors import Forbidden, Invalid

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (date(2016, 8, 31), 6, date(2017, 2, 28)),
        (date(2015, 8, 31), 6, date(2016, 2, 29)),
        (date(2016, 2, 29), 12, date(2017, 2, 28)),
        (date(2016, 10, 31), 3, date(2017, 1, 31)),
        (date(2016, 12, 1), 1, date(2017, 1, 1)),
        (date(2016, 2, 3), 36, date(2019, 2, 3)),
    ],
)
def test_months_are_calendar_months(start: date, months: int, expected: date) -> None:
    assert add_months(start, months) == expected


@given(
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
    st.integers(1, 60),
)
def test_a_later_exit_never_has_an_earlier_anniversary(one: date, other: date, months: int) -> None:
    earlier, later = sorted((one, other))
    assert add_months(earlier, months) <= add_months(later, months)


def test_tomorrow_is_the_latest_effective_date() -> None:
    check_effective(TODAY + timedelta(days=1), today=TODAY, may_backfill=False, pointer="/ended_on")
    with pytest.raises(Invalid) as refused:
        check_effective(TODAY + timedelta(days=2), today=TODAY, may_backfill=True, pointer="/ended_on")
    assert refused.value.violations[0].pointer == "/ended_on"


def test_a_date_more_than_ninety_days_old_needs_the_backfill_right() -> None:
    check_effective(TODAY - timedelta(days=90), today=TODAY, may_backfill=False, pointer="/x")
    check_effective(TODAY - timedelta(days=91), today=TODAY, may_backfill=True, pointer="/x")
    with pytest.raises(Forbidden):
        check_effective(TODAY - timedelta(days=91), today=TODAY, may_backfill=False, pointer="/x")


def test_the_civil_date_is_the_french_one() -> None:
    assert FixedClock(datetime(2016, 6, 30, 22, 30, tzinfo=UTC)).today() == date(2016, 7, 1)
