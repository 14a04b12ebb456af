"""How sure a rate is: the Wilson interval, its correction for a finite population, and bounds without assumption."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from services.indicators.domain.rounding import half_up, percentage

LEVEL = Decimal("0.95")
_Z = Fraction(196, 100)
_DIGITS = 40
"""Digits kept under the square root: far more than the one decimal place that is shown."""


@dataclass(frozen=True)
class Range:
    """Two ends, in percent, to one decimal place."""

    low: Decimal
    high: Decimal


def wilson(successes: int, trials: int) -> Range:
    """What such a training tends to give: the Wilson interval at 95 %, `trials` above zero.

    Source: method of the indicators, precision (Wilson, z = 1.96).
    """
    return _interval(Fraction(successes, trials), Fraction(trials))


def wilson_finite(successes: int, trials: int, *, population: int) -> Range:
    """The same for this very cohort, of which `trials` answered: everybody answered leaves no doubt.

    Source: method of the indicators, finite population: r (R - 1) / (R - r) takes the place of r.
    """
    share = Fraction(successes, trials)
    if trials >= population:
        point = half_up(100 * share, places=1)
        return Range(point, point)
    return _interval(share, Fraction(trials * (population - 1), population - trials))


def bounds(successes: int, *, trials: int, unknown: int) -> Range | None:
    """Where the rate of all lies whatever the silent ones do; None when there is nobody.

    Source: method of the indicators, non-response: e / (r + q) and (e + q) / (r + q).
    """
    everybody = trials + unknown
    if everybody == 0:
        return None
    return Range(
        half_up(percentage(successes, everybody), places=1),
        half_up(percentage(successes + unknown, everybody), places=1),
    )


def width(successes: int, trials: int) -> Fraction:
    """Width of the Wilson interval in points, before any rounding."""
    low, high = _ends(Fraction(successes, trials), Fraction(trials))
    return 100 * (high - low)


def _interval(share: Fraction, trials: Fraction) -> Range:
    low, high = _ends(share, trials)
    return Range(half_up(100 * low, places=1), half_up(100 * high, places=1))


def _ends(share: Fraction, trials: Fraction) -> tuple[Fraction, Fraction]:
    spread = _Z**2 / trials
    centre = (share + spread / 2) / (1 + spread)
    half = _root((share * (1 - share) + spread / 4) / trials) * _Z / (1 + spread)
    return max(Fraction(0), centre - half), min(Fraction(1), centre + half)


def _root(exact: Fraction) -> Fraction:
    with localcontext(prec=_DIGITS):
        return Fraction((Decimal(exact.numerator) / Decimal(exact.denominator)).sqrt())
