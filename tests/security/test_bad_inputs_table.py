"""The catalogue of bad inputs is whole, and what it names exists."""

import pytest

from tests.contracts.snapshot import BAD_INPUTS
from tests.security.bad_inputs import Row, nowhere, page, rows

ROWS = 72


def test_there_are_all_rows_in_their_order() -> None:
    assert list(rows()) == [f"B{number:02d}" for number in range(1, ROWS + 1)]


@pytest.mark.parametrize("number", rows())
def test_a_row_has_tests_that_exist_or_says_why_not(number: str) -> None:
    row = rows()[number]
    assert sum(map(bool, (row.tests, row.elsewhere, row.missing))) == 1
    assert nowhere(row) == []


def test_a_test_that_nobody_wrote_is_found() -> None:
    named = ("security/test_bad_inputs_table::test_nothing", "security/test_nowhere::test_x")
    assert nowhere(Row(input="x", answer="y", tests=named)) == list(named)


def test_the_page_is_written_from_the_catalogue() -> None:
    assert BAD_INPUTS.read_text() == page(), "run `make openapi`, read the difference, commit both"
