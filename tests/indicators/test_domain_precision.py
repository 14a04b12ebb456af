"""Intervals and bounds, against values worked out by hand for 2016."""

from decimal import Decimal
from fractions import Fraction

import pytest

from services.indicators.domain.precision import Range, bounds, width, wilson, wilson_finite
from services.indicators.domain.rounding import half_up, percentage


def _range(low: str, high: str) -> Range:
    return Range(Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (420, 1050, "37.1", "43.0"),
        (432, 675, "60.3", "67.5"),
        (68, 432, "12.6", "19.5"),
        (16, 432, "2.3", "5.9"),
        (0, 10, "0.0", "27.8"),
        (10, 10, "72.2", "100.0"),
    ],
)
def test_wilson(successes: int, trials: int, low: str, high: str) -> None:
    assert wilson(successes, trials) == _range(low, high)


@pytest.mark.parametrize(
    ("successes", "trials", "population", "low", "high"),
    [
        (420, 1050, 1400, "38.5", "41.5"),
        (432, 675, 900, "62.2", "65.8"),
        # Everybody answered: this cohort holds no doubt.
        (432, 675, 675, "64.0", "64.0"),
        (1, 1, 1, "100.0", "100.0"),
    ],
)
def test_wilson_of_a_finite_population(
    successes: int, trials: int, population: int, low: str, high: str
) -> None:
    assert wilson_finite(successes, trials, population=population) == _range(low, high)


def test_bounds_take_the_silent_ones_either_way() -> None:
    assert bounds(420, trials=1050, unknown=350) == _range("30.0", "55.0")
    assert bounds(432, trials=675, unknown=225) == _range("48.0", "73.0")
    assert bounds(0, trials=0, unknown=3) == _range("0.0", "100.0")
    assert bounds(0, trials=0, unknown=0) is None


@pytest.mark.parametrize(("trials", "limit"), [(20, 40), (38, 30), (92, 20), (380, 10)])
def test_a_width_needs_its_number_of_answers(trials: int, limit: int) -> None:
    """At one half: 21, 39, 93 and 381 answers for 40, 30, 20 and 10 points."""
    assert _width_at_half(trials) > limit >= _width_at_half(trials + 1)


def _width_at_half(trials: int) -> Fraction:
    return (width(trials // 2, trials) + width(trials - trials // 2, trials)) / 2


@pytest.mark.parametrize(
    ("exact", "places", "shown"),
    [
        (Fraction(1, 2), 0, "1"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(8045, 100), 1, "80.5"),
        (percentage(348, 432), 0, "81"),
        (percentage(68, 432), 0, "16"),
        (percentage(16, 432), 0, "4"),
        (percentage(731, 1827), 0, "40"),
        (percentage(1169, 1827), 0, "64"),
        # As binary fractions these would fall short of the half.
        (Fraction(1005, 1000), 2, "1.01"),
        (Fraction(285, 1000), 2, "0.29"),
    ],
)
def test_half_is_rounded_up_exactly(exact: Fraction, places: int, shown: str) -> None:
    assert str(half_up(exact, places=places)) == shown
