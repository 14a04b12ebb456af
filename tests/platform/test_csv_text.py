"""Tables for spreadsheets: what would be a formula is a text, numbers and dates are what they are."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.platform.edge.csv_text import harmless, table

FORMULAS = [
    "=1+1",
    "+33 1 23",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "  =1",
    "\u00a0=1",
    "\n=1",
    "\u200b=1",
    "\ufeff@x",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "\ufe661",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_would_be_a_formula_stands_behind_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert next(csv.reader([table([[text]])], delimiter=";"))[0].startswith("'")


@pytest.mark.parametrize("text", ["", " ", "a=b", "1-2", "'=1", "é", "(+1)", "2016-02-03"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_numbers_dates_and_lists_are_left_alone() -> None:
    values = [
        -5,
        -1.5,
        Decimal("-2.50"),
        date(2016, 2, 3),
        datetime(2016, 2, 3, tzinfo=UTC),
        True,
        None,
        ["=a"],
    ]
    assert table([values]) == '-5;-1.5;-2.50;2016-02-03;2016-02-03T00:00:00Z;true;;"[""=a""]"\r\n'


def test_what_parts_cells_and_lines_is_quoted() -> None:
    assert table([["a;b", 'c"d', "e\nf", "g"]]) == '"a;b";"c""d";"e\nf";g\r\n'
