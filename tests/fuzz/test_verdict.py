"""What a run of the fuzzer adds up to: each thing it must not miss is planted in the answers."""

from collections import Counter

import pytest

from tests.fuzz.verdict import Counts, verdict

OPERATIONS = {"read_it", "write_it"}


def answers(**more: int) -> Counts:
    """A run as it should be, with more answers of `operation_status`."""
    counts: Counts = Counter(
        {("read_it", 200): 400, ("read_it", 404): 300, ("write_it", 207): 200, ("write_it", 422): 300}
    )
    for name, count in more.items():
        operation, _, status = name.rpartition("_")
        counts[operation, int(status)] += count
    return counts


def test_a_run_that_reached_everything_is_whole() -> None:
    found = verdict(answers(), OPERATIONS, failures=0)
    assert found["whole"] is True
    assert found["cases"] == 1200
    assert found["accepted_share"] == 0.5
    assert found["by_status"] == {"200": 400, "207": 200, "404": 300, "422": 300}


@pytest.mark.parametrize(
    ("more", "operations", "failures"),
    [
        ({"read_it_500": 1}, OPERATIONS, 0),
        ({"read_it_503": 1}, OPERATIONS, 0),
        ({"read_it_401": 13}, OPERATIONS, 0),
        ({"read_it_429": 13}, OPERATIONS, 0),
        ({"read_it_404": 1300}, OPERATIONS, 0),
        ({}, OPERATIONS, 1),
        ({}, OPERATIONS | {"never_called"}, 0),
        ({"only_good_200": 5}, OPERATIONS | {"only_good"}, 0),
        ({"only_bad_422": 5}, OPERATIONS | {"only_bad"}, 0),
        ({"at_the_door_200": 5, "at_the_door_401": 5}, OPERATIONS | {"at_the_door"}, 0),
    ],
)
def test_what_is_wrong_with_a_run_is_told(more: dict[str, int], operations: set[str], failures: int) -> None:
    assert verdict(answers(**more), operations, failures=failures)["whole"] is False


def test_a_run_that_asked_nothing_is_not_whole() -> None:
    assert verdict(Counter(), set(), failures=0)["whole"] is False
