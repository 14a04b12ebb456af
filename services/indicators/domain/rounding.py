"""Rounding half up on exact integers: a published figure is never the work of a binary fraction."""

from decimal import Decimal
from fractions import Fraction

HALF = Fraction(1, 2)


def half_up(exact: Fraction, *, places: int) -> Decimal:
    """`exact` to so many decimal places, halves going up: 0.5 gives 1, 80.45 at one place gives 80.5.

    Source: method of the indicators, rounding (stored integers, display half up).
    """
    scaled = exact * 10**places + HALF
    return Decimal(scaled.numerator // scaled.denominator).scaleb(-places)


def percentage(numerator: int, denominator: int) -> Fraction:
    """The exact percentage of two counts; the denominator is not zero."""
    return Fraction(100 * numerator, denominator)
