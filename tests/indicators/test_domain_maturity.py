"""Which exits are due: one rule, monotone in the day of exit, exact on short months."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.domain.maturity import is_due, is_provisional, last_due_exit


@pytest.mark.parametrize(
    ("as_of", "wave", "last"),
    [
        (date(2017, 3, 2), 6, date(2016, 7, 31)),
        (date(2017, 3, 2), 3, date(2016, 10, 31)),
        (date(2017, 3, 1), 6, date(2016, 7, 30)),
        # 31 August + 6 months is 28 February: all of 28 to 31 August are due together, thirty days later.
        (date(2017, 3, 30), 6, date(2016, 8, 31)),
        (date(2017, 3, 29), 6, date(2016, 8, 27)),
        (date(2016, 3, 30), 6, date(2015, 8, 31)),
        (date(2016, 3, 29), 6, date(2015, 8, 28)),
        # 30 May - 3 months would be 30 February: the last of February is due on 28 May.
        (date(2017, 6, 29), 3, date(2017, 2, 28)),
    ],
)
def test_the_last_exit_that_is_due(as_of: date, wave: int, last: date) -> None:
    assert last_due_exit(as_of, wave=wave) == last


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([3, 6]))
def test_one_day_bounds_the_exits_that_are_due(as_of: date, wave: int) -> None:
    last = last_due_exit(as_of, wave=wave)

    assert is_due(last, wave=wave, as_of=as_of)
    assert not any(is_due(last + timedelta(days=after), wave=wave, as_of=as_of) for after in range(1, 60))


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(0, 60),
    st.sampled_from([3, 6]),
    st.integers(0, 300),
)
def test_an_earlier_exit_is_never_due_later(exit_on: date, earlier: int, wave: int, wait: int) -> None:
    as_of = exit_on + timedelta(days=wait)

    if is_due(exit_on, wave=wave, as_of=as_of):
        assert is_due(exit_on - timedelta(days=earlier), wave=wave, as_of=as_of)


def test_a_cohort_is_provisional_until_ninety_days_after_its_last_anniversary() -> None:
    assert is_provisional(date(2016, 7, 31), wave=6, as_of=date(2017, 4, 30))
    assert not is_provisional(date(2016, 7, 31), wave=6, as_of=date(2017, 5, 1))
