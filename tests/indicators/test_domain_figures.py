"""From counts to figures: the 2016 report worked out by hand, states that must not be confused, status letters."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from services.indicators.domain.counts import Reading
from services.indicators.domain.figures import Figure, figure_of
from services.indicators.domain.filters import (
    Filters,
    Question,
    cells_of_flag,
    check_flag,
    check_question,
    check_region,
)
from services.indicators.domain.periods import Period
from services.indicators.domain.status import Letter, State, letters, reliability
from services.indicators.repository.definitions import registry
from shared.kernel.errors import Invalid
from tests.indicators.told import an_id

AS_OF = date(2017, 3, 2)
YEAR = Period(date(2016, 1, 1), date(2016, 12, 31))
WAVE_6 = {
    "completed": 900, "completed_e6": 432, "completed_s6": 54, "completed_u6": 162, "completed_o6": 27,
    "non_precarious_6": 348, "entrepreneurship_6": 68, "temp_agency_6": 16,
}  # fmt: skip


def _figure(indicator: str, *, due: dict[str, int], exits: int = 1827, flag: str | None = None) -> Figure:
    definition = registry()[indicator]
    question = Question(definition, AS_OF, YEAR if definition.takes_period else None, Filters(flag=flag))
    return figure_of(question, Reading({"all": due | {"completed": exits}}, {"all": due}))


def _flow(indicator: str, **sums: dict[str, int]) -> Figure:
    question = Question(registry()[indicator], AS_OF, YEAR, Filters())
    return figure_of(question, Reading(sums, sums))


@pytest.mark.parametrize(
    ("indicator", "value", "ratio"),
    [
        ("insertion_6", 64, (432, 675)),
        ("insertion_6_floor", 48, (432, 900)),
        ("insertion_6_ceil", 73, (657, 900)),
        ("insertion_6_net", 70, (432, 621)),
        ("positive_exit_6", 72, (486, 675)),
        ("response_6", 75, (675, 900)),
        ("maturity_6", Decimal("49.3"), (900, 1827)),
        ("mix_6_non_precarious", 81, (348, 432)),
        ("mix_6_entrepreneurship", 16, (68, 432)),
        ("mix_6_interim", 4, (16, 432)),
    ],
)
def test_the_figures_of_2016(indicator: str, value: Decimal, ratio: tuple[int, int]) -> None:
    figure = _figure(indicator, due=WAVE_6)

    assert (figure.value, (figure.numerator, figure.denominator)) == (value, ratio)


def test_a_figure_carries_what_explains_it() -> None:
    figure = _figure("insertion_6", due=WAVE_6)

    assert (figure.unknowns, figure.excluded, figure.counts["m"], figure.counts["exits"]) == (
        225,
        0,
        900,
        1827,
    )
    assert figure.response is not None
    assert figure.response.percent == 75
    assert figure.status == (Letter.PROVISIONAL, Letter.UNRELIABLE)


def test_the_size_of_a_cohort_is_known_only_where_the_silent_ones_belong_to_it() -> None:
    assert _figure("insertion_6", due=WAVE_6).precision.finite_interval is not None
    net = _figure("insertion_6_net", due=WAVE_6).precision
    assert (net.finite_interval, net.interval) != (None, None)
    assert _figure("mix_6_interim", due=WAVE_6).precision.finite_interval is None
    assert _figure("share_free", due={"free": 3, "described": 4}).precision.interval is None


def test_an_excluded_learner_leaves_both_terms_and_the_response() -> None:
    figure = _figure("insertion_6", due=WAVE_6 | {"completed_z6": 25})

    assert (figure.denominator, figure.unknowns, figure.excluded) == (675, 200, 25)
    assert figure.response is not None
    assert figure.response.eligible == 875


def test_dropouts_count_where_the_definition_says_so() -> None:
    with_dropouts = WAVE_6 | {"abandoned": 100, "abandoned_e6": 10, "abandoned_u6": 15}
    figure = _figure("insertion_all_6", due=with_dropouts)

    assert (figure.numerator, figure.denominator, figure.unknowns) == (442, 700, 300)
    assert _figure("insertion_6", due=with_dropouts).denominator == 675


def test_shares_leave_out_the_unknown_and_say_how_many() -> None:
    figure = _flow(
        "share_women",
        **{"all": {"entered": 1000}, "women:yes": {"entered": 240}, "women:unknown": {"entered": 40}},
    )

    assert (figure.numerator, figure.denominator, figure.unknowns) == (240, 960, 40)
    assert figure.value == 25


def test_transfers_and_interruptions_are_in_neither_term_of_completion() -> None:
    ended = {"completed": 1827, "abandoned": 203, "transferred": 5, "interrupted": 7, "exited": 2045}
    figure = _flow("completion_rate", all=ended)

    assert figure.value == 90
    assert (figure.numerator, figure.denominator) == (1827, 2030)
    assert (figure.unknowns, figure.excluded) == (3, 12)
    assert figure.precision.bounds is not None
    assert figure.precision.bounds.low == Decimal("89.9")


@pytest.mark.parametrize(
    ("due", "exits", "state", "letter"),
    [
        ({}, 0, State.MISSING, Letter.IMPOSSIBLE),
        ({}, 40, State.NOT_DUE, Letter.NOT_COLLECTED),
        ({"completed": 12}, 40, State.UNKNOWN, Letter.NOT_SIGNIFICANT),
        ({"completed": 12, "completed_z6": 12}, 40, State.MISSING, Letter.IMPOSSIBLE),
    ],
)
def test_nothing_has_several_reasons(due: dict[str, int], exits: int, state: State, letter: Letter) -> None:
    figure = _figure("insertion_6", due=due, exits=exits)

    assert (figure.value, figure.state) == (None, state)
    assert letter in figure.status


def test_zero_is_a_value() -> None:
    figure = _figure("insertion_6", due={"completed": 400, "completed_u6": 400})

    assert figure.value == 0
    assert figure.state is State.OBSERVED


@pytest.mark.parametrize(
    ("response", "width", "letter"),
    [
        (80, 20, Letter.NORMAL),
        (Fraction(799, 10), 20, Letter.UNRELIABLE),
        (40, 20, Letter.UNRELIABLE),
        (Fraction(399, 10), 20, Letter.NOT_SIGNIFICANT),
        (100, Fraction(201, 10), Letter.UNRELIABLE),
        (100, 30, Letter.UNRELIABLE),
        (100, Fraction(301, 10), Letter.NOT_SIGNIFICANT),
        (None, None, Letter.NORMAL),
    ],
)
def test_reliability(response: int | None, width: int | None, letter: Letter) -> None:
    assert reliability(response=_exact(response), width=_exact(width)) is letter


def _exact(value: int | Fraction | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def test_a_normal_figure_says_so_alone() -> None:
    assert letters(State.OBSERVED, inherent=(), provisional=False, judged=Letter.NORMAL) == (Letter.NORMAL,)


def test_no_and_known_are_what_the_stored_cells_leave() -> None:
    assert cells_of_flag(None) == ((1, "all"),)
    assert cells_of_flag("qpv:yes") == ((1, "qpv:yes"),)
    assert cells_of_flag("qpv:no") == ((1, "all"), (-1, "qpv:yes"), (-1, "qpv:unknown"))
    assert cells_of_flag("qpv:known") == ((1, "all"), (-1, "qpv:unknown"))


@pytest.mark.parametrize(
    ("indicator", "period", "filters", "code"),
    [
        ("entries", None, Filters(), "period_required"),
        ("in_training", YEAR, Filters(), "period_not_applicable"),
        ("trainings_labelled", YEAR, Filters(), "period_not_applicable"),
        ("entries", Period(date(2018, 1, 1), date(2018, 2, 1)), Filters(), "period_after_as_of"),
        ("share_women", YEAR, Filters(flag="qpv:yes"), "filter_not_available"),
        ("share_free", None, Filters(flag="qpv:yes"), "filter_not_available"),
        ("insertion_6", None, Filters(region="11", training=an_id("training")), "filters_exclude_each_other"),
    ],
)
def test_a_question_its_definition_cannot_answer_is_refused(
    indicator: str, period: Period | None, filters: Filters, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check_question(Question(registry()[indicator], AS_OF, period, filters))

    assert refusal.value.rule.code == code


@pytest.mark.parametrize("flag", ["qpv", "qpv:maybe", "men:yes", ":", "qpv:known"])
def test_an_unknown_audience_is_refused(flag: str) -> None:
    with pytest.raises(Invalid):
        check_flag(flag)


def test_an_unknown_region_is_refused_with_the_codes_expected() -> None:
    with pytest.raises(Invalid) as refusal:
        check_region("99")

    assert " 11 " in (refusal.value.violations[0].expected or "")
