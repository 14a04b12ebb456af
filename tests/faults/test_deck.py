"""The plan of a run: every kind comes often enough, whatever the dice say."""

from collections import Counter

import pytest

from tests.faults.deck import KINDS, draws, plan
from tests.faults.kinds import FAULTS


def kinds_of(minutes: float, *, seeds: range) -> Counter[str]:
    return Counter(fault.kind for seed in seeds for fault in plan(minutes, seed=seed))


@pytest.mark.parametrize("first", [0, 1, 7, 1000])
def test_over_ten_seeds_of_two_minutes_every_kind_comes_at_least_three_times(first: int) -> None:
    counted = kinds_of(2, seeds=range(first, first + 10))
    assert set(counted) == set(KINDS)
    assert min(counted.values()) >= 3


@pytest.mark.parametrize("seed", range(20))
def test_one_run_of_ten_minutes_has_every_kind(seed: int) -> None:
    assert set(kinds_of(10, seeds=range(seed, seed + 1))) == set(KINDS)


def test_short_runs_of_successive_seeds_use_the_deck_up_before_a_kind_comes_again() -> None:
    count = draws(0.5)
    runs = -(-len(KINDS) // count)
    assert set(kinds_of(0.5, seeds=range(runs))) == set(KINDS)


def test_a_seed_repeats_its_plan_and_another_seed_has_another() -> None:
    assert plan(2, seed=5) == plan(2, seed=5)
    assert [fault.kind for fault in plan(2, seed=5)] != [fault.kind for fault in plan(2, seed=6)]


def test_faults_come_in_the_order_of_their_times_within_the_run() -> None:
    times = [fault.at for fault in plan(2, seed=3)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 120


def test_every_kind_of_the_deck_can_be_carried_out() -> None:
    assert set(FAULTS) == set(KINDS)
    assert {fault.__name__ for fault in FAULTS.values()} == set(KINDS)
