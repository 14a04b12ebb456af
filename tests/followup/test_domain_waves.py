"""When an observation can answer a wave."""

from datetime import date, timedelta

import pytest

from services.followup.domain.observations import Kind
from services.followup.domain.waves import Why, is_firm, obstacle, waves_of
from tests.followup.cases import EXIT, THREE, day, observed, snapshot, spell

WAVE = waves_of(EXIT)[0]


@pytest.mark.parametrize(
    ("exit_on", "three", "six"),
    [
        ("2016-03-15", "2016-06-15", "2016-09-15"),
        ("2015-08-31", "2015-11-30", "2016-02-29"),
        ("2014-08-31", "2014-11-30", "2015-02-28"),
        ("2016-11-30", "2017-02-28", "2017-05-30"),
    ],
)
def test_anniversaries_are_calendar_months_clamped_to_the_end(exit_on: str, three: str, six: str) -> None:
    assert [wave.due_on for wave in waves_of(day(exit_on))] == [day(three), day(six)]


@pytest.mark.parametrize(
    ("observed_on", "why"),
    [
        ("2016-05-30", Why.OUTSIDE_WINDOW),
        ("2016-05-31", None),
        ("2016-06-15", None),
        ("2016-07-15", None),
        ("2016-07-16", Why.OUTSIDE_WINDOW),
    ],
)
def test_a_situation_answers_from_15_days_before_to_30_after(observed_on: str, why: Why | None) -> None:
    assert obstacle(snapshot(observed_on=day(observed_on)), WAVE) is why


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "why"),
    [
        ("2016-06-15", None, None),
        ("2016-06-16", None, Why.STARTS_AFTER),
        ("2010-01-01", None, None),
        ("2016-05-02", "2016-06-15", None),
        ("2016-05-02", "2016-06-14", Why.ENDED_BEFORE),
        ("2016-05-02", "2030-01-01", None),
    ],
)
def test_a_spell_answers_if_it_runs_on_the_anniversary(
    starts_on: str, ends_on: str | None, why: Why | None
) -> None:
    held = spell(starts_on=day(starts_on), ends_on=day(ends_on) if ends_on else None)

    assert obstacle(held, WAVE) is why


@pytest.mark.parametrize(("late", "why"), [(0, None), (1, Why.AFTER_CUT_OFF)])
@pytest.mark.parametrize("make", [spell, snapshot])
def test_an_answer_is_collected_by_90_days_after(make: type, late: int, why: Why | None) -> None:
    first = date(2016, 9, 13) + timedelta(days=late)

    assert obstacle(make(first_collected_on=first, collected_on=first), WAVE) is why


def test_a_late_correction_of_what_was_known_in_time_still_counts() -> None:
    assert obstacle(spell(ends_on=day("2016-12-01"), collected_on=day("2017-01-05")), WAVE) is None


def test_a_misplaced_answer_is_called_misplaced_even_when_late() -> None:
    held = snapshot(observed_on=day("2016-01-01"), first_collected_on=day("2017-01-05"))

    assert obstacle(held, WAVE) is Why.OUTSIDE_WINDOW


@pytest.mark.parametrize(
    ("kind", "why"), [(Kind.SEARCHED_NOT_FOUND, Why.NOT_AN_ANSWER), (Kind.RETRACTION, Why.RETRACTED)]
)
def test_a_search_in_vain_or_a_retraction_answers_nothing(kind: Kind, why: Why) -> None:
    assert obstacle(observed("R9", kind=kind, observed_on=THREE), WAVE) is why


@pytest.mark.parametrize(
    ("complete_to", "firm"),
    [(None, False), ("2016-06-14", False), ("2016-06-15", True), ("2016-12-31", True)],
)
def test_a_spell_without_end_is_presumed_until_its_source_is_complete(
    complete_to: str | None, *, firm: bool
) -> None:
    assert is_firm(spell(), WAVE, complete_to=day(complete_to) if complete_to else None) is firm


def test_an_ended_spell_and_a_situation_are_firm() -> None:
    assert is_firm(spell(ends_on=day("2016-08-01")), WAVE, complete_to=None)
    assert is_firm(snapshot(), WAVE, complete_to=None)
