"""Periods as callers write them."""

from datetime import date

import pytest

from services.indicators.domain.periods import Period, parse_period
from shared.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2016", date(2016, 1, 1), date(2016, 12, 31)),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29)),
        ("2016-Q1", date(2016, 1, 1), date(2016, 3, 31)),
        ("2016-Q4", date(2016, 10, 1), date(2016, 12, 31)),
        ("2016-03-10..2016-03-10", date(2016, 3, 10), date(2016, 3, 10)),
    ],
)
def test_a_period_is_read(text: str, first: date, last: date) -> None:
    assert parse_period(text) == Period(first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "16",
        "2016-13",
        "2016-00",
        "0000",
        "2016-Q5",
        "2016-02-30..2016-03-01",
        "2016-03-02..2016-03-01",
        "2016 ",
    ],
)
def test_anything_else_is_refused_with_the_forms_expected(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_period(text)

    assert refusal.value.rule.code == "bad_period"
    assert "2016-Q3" in (refusal.value.violations[0].expected or "")


def test_digits_of_other_scripts_are_no_year() -> None:
    with pytest.raises(Invalid):
        parse_period("२०१६")
