"""Twenty published lines, and the arithmetic that holds a computed figure against them."""

from decimal import Decimal
from fractions import Fraction

import pytest

from deploy.demo.fixture import Fixture, agrees, figure
from deploy.demo.fixture.compare import round_half_up

FIGURES = {
    "share_titre_pro": ("40", 160, 400),
    "share_attestation": ("7", 28, 400),
    "share_diploma": ("7", 28, 400),
    "avg_duration_months": ("7.0", 2_800, 400),
    "share_hours_inperson": ("91", 382_200, 420_000),
    "share_hours_online": ("9", 37_800, 420_000),
    "entries": ("2760", 2_760, None),
    "completions": ("1827", 1_827, None),
    "insertion_3": ("40", 420, 1_050),
    "insertion_6": ("64", 432, 675),
    "mix_6_non_precarious": ("81", 348, 432),
    "mix_6_entrepreneurship": ("16", 68, 432),
    "mix_6_interim": ("4", 16, 432),
    "share_free": ("100", 400, 400),
    "share_support": ("100", 400, 400),
    "share_followup": ("100", 400, 400),
    "share_practice": ("98", 392, 400),
    "target_trainings": ("100.0", 400, 400),
    "target_trained_8600": ("29.7", 2_557, 8_600),
    "target_trained_10500": ("24.4", 2_557, 10_500),
}


def test_the_first_reading_has_these_twenty_lines(r1: Fixture) -> None:
    shown = {
        line.id: (
            str(figure(line, numerator=line.numerator, denominator=line.denominator)),
            line.numerator,
            line.denominator,
        )
        for line in r1.expected
    }

    assert shown == FIGURES
    assert len(r1.expected) == 20


def test_the_second_reading_takes_2760_for_those_in_training(r1: Fixture, r2: Fixture) -> None:
    changed = {line.id: line for line in r2.expected if line not in r1.expected}

    assert set(changed) == {"entries", "target_trained_8600", "target_trained_10500"}
    assert (changed["entries"].indicator, changed["entries"].params) == (
        "in_training",
        (("as_of", "2016-12-31"),),
    )
    assert changed["target_trained_8600"].numerator == 4_587


def test_the_mix_is_rounded_share_by_share(r1: Fixture) -> None:
    mix = [line.value for line in r1.expected if line.id.startswith("mix_6")]

    assert sum(value for value in mix if value is not None) == 101


def test_every_line_agrees_with_its_own_parts(fixture: Fixture) -> None:
    for line in fixture.expected:
        assert agrees(line, numerator=line.numerator, denominator=line.denominator), line.id


def test_one_person_more_or_less_is_seen(fixture: Fixture) -> None:
    for line in fixture.expected:
        assert not agrees(line, numerator=line.numerator - 1, denominator=line.denominator), line.id
        assert not agrees(line, numerator=line.numerator + 1, denominator=line.denominator), line.id
        if line.denominator is not None:
            assert not agrees(line, numerator=line.numerator, denominator=line.denominator + 1), line.id


def test_an_empty_denominator_gives_no_figure(r1: Fixture) -> None:
    assert figure(r1.expected[0], numerator=0, denominator=0) is None


@pytest.mark.parametrize(
    ("ratio", "decimals", "rounded"),
    [
        (Fraction(5, 2), 0, "3"),
        (Fraction(7, 2), 0, "4"),
        (Fraction(249, 100), 0, "2"),
        (Fraction(1, 8), 2, "0.13"),
        (Fraction(348 * 100, 432), 0, "81"),
        (Fraction(7), 1, "7.0"),
        # Half-way as a binary float would be rounded down.
        (Fraction(2675, 1000), 2, "2.68"),
    ],
)
def test_a_half_is_rounded_up(ratio: Fraction, decimals: int, rounded: str) -> None:
    assert round_half_up(ratio, decimals=decimals) == Decimal(rounded)
