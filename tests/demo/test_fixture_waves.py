"""The answers give the published waves, by a small reading of the window rule written for this test alone."""

import calendar
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import pytest

from deploy.demo.fixture import Fixture
from deploy.demo.fixture.observations import Contract, Observation, Phase, SelfEmployment, Situation

READ_ON = date(2017, 3, 2)
STATUS_OF_CODE = {"further_training": "s", "job_search": "u", "inactive": "o"}


class Wave(NamedTuple):
    """Matured, then employed, further study, unemployed, other; then the employed by class."""

    parts: tuple[int, int, int, int, int]
    classes: tuple[int, int, int]


def later(day: date, *, months: int) -> date:
    month = day.month + months
    year, month = (day.year + 1, month - 12) if month > 12 else (day.year, month)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def status(observation: Observation) -> str:
    """One letter of the partition, and for the employed the first letter of their class."""
    if isinstance(observation, SelfEmployment):
        return "e/own"
    if isinstance(observation, Contract):
        return "e/temp" if observation.nature_dsn == "03" else "e/non"
    assert isinstance(observation, Situation)
    return STATUS_OF_CODE.get(observation.code) or (
        "e/own" if observation.code == "own_business" else "e/non"
    )


def settles(observation: Observation, *, anniversary: date) -> bool:
    if observation.collected_on - anniversary > timedelta(days=90):
        return False
    if isinstance(observation, Situation):
        return -15 <= (observation.observed_on - anniversary).days <= 30
    if isinstance(observation, Contract | SelfEmployment):
        return observation.starts_on <= anniversary <= (observation.ends_on or date.max)
    return False


def read_wave(fixture: Fixture, *, phases: Sequence[Phase], months: int) -> Wave:
    sent = [item.observation for phase in phases for lot in phase.lots for item in lot.items]
    retracted = {one.reference for one in sent if one.KIND == "retraction"}
    stated = sorted((one for one in sent if one.KIND != "retraction"), key=lambda one: one.collected_on)
    held = {one.reference: one for one in stated if one.reference not in retracted}
    matured: dict[object, set[str]] = {}
    anniversaries: dict[object, date] = {}
    for one in fixture.enrolments:
        if one.status == "completed" and one.ended_on:
            anniversary = later(one.ended_on, months=months)
            if anniversary + timedelta(days=30) <= READ_ON:
                matured[one.key], anniversaries[one.key] = set(), anniversary
    for observation in held.values():
        key = observation.enrolment
        if key in matured and settles(observation, anniversary=anniversaries[key]):
            matured[key].add(status(observation))
    assert max(map(len, matured.values())) == 1, "two observations disagree"
    found = Counter(next(iter(said))[0] for said in matured.values() if said)
    classes = Counter(next(iter(said)) for said in matured.values() if said)
    return Wave(
        parts=(len(matured), found["e"], found["s"], found["u"], found["o"]),
        classes=(classes["e/non"], classes["e/own"], classes["e/temp"]),
    )


def test_the_mended_sending_gives_the_published_waves(fixture: Fixture) -> None:
    wave_3 = read_wave(fixture, phases=fixture.phases, months=3)
    wave_6 = read_wave(fixture, phases=fixture.phases, months=6)

    assert wave_3.parts == (1_400, 420, 105, 441, 84)
    assert wave_6 == ((900, 432, 54, 162, 27), (348, 68, 16))


def test_the_first_sending_is_wrong_as_announced(fixture: Fixture) -> None:
    wave_3 = read_wave(fixture, phases=fixture.phases[:2], months=3)
    wave_6 = read_wave(fixture, phases=fixture.phases[:2], months=6)
    before = fixture.before

    assert wave_3.parts == (1_400, 431, 103, 438, 84)
    assert wave_6 == ((900, 438, 54, 160, 27), (350, 70, 18))
    assert (before.wave_3.employed, before.wave_3.respondents) == (431, 1_056)
    assert (before.wave_6.employed, before.wave_6.respondents) == (438, 679)


@pytest.mark.parametrize("left_out", ["correction", "retraction"])
def test_leaving_out_the_mending_shows(r1: Fixture, left_out: str) -> None:
    kept = without(r1.phases, purposes={left_out, f"{left_out}_again"})
    waves = [read_wave(r1, phases=kept, months=months) for months in (3, 6)]

    assert waves[0].parts != (1_400, 420, 105, 441, 84)
    assert waves[1].parts != (900, 432, 54, 162, 27)
    assert waves[1].classes != (348, 68, 16)


@pytest.mark.parametrize("left_out", ["duplicate", "retraction_again"])
def test_repeats_change_nothing(r1: Fixture, left_out: str) -> None:
    kept = without(r1.phases, purposes={left_out})

    for months in (3, 6):
        assert read_wave(r1, phases=kept, months=months) == read_wave(r1, phases=r1.phases, months=months)


def test_losing_any_lot_of_the_first_sending_shows(r1: Fixture) -> None:
    early, first, mending = r1.phases
    for lost in first.lots:
        kept = [early, Phase(first.name, tuple(lot for lot in first.lots if lot != lost)), mending]
        waves = [read_wave(r1, phases=kept, months=months).parts for months in (3, 6)]

        assert waves != [(1_400, 420, 105, 441, 84), (900, 432, 54, 162, 27)], lost.reference


def without(phases: Sequence[Phase], *, purposes: set[str]) -> list[Phase]:
    return [
        Phase(
            phase.name,
            tuple(
                type(lot)(
                    reference=lot.reference,
                    period=lot.period,
                    exit_months=lot.exit_months,
                    population=lot.population,
                    complete_to=lot.complete_to,
                    items=tuple(item for item in lot.items if item.purpose not in purposes),
                )
                for lot in phase.lots
            ),
        )
        for phase in phases
    ]


def test_windows_are_used_up_to_their_edges(r1: Fixture) -> None:
    exits = {one.key: one.ended_on for one in r1.enrolments if one.status == "completed"}
    said = [item.observation for phase in r1.phases for lot in phase.lots for item in lot.items]
    distances = set()
    for one in said:
        ended_on = exits[one.enrolment]
        if isinstance(one, Situation) and ended_on:
            distances |= {(one.observed_on - later(ended_on, months=months)).days for months in (3, 6)}

    assert {-15, 30} <= distances


def test_exits_fall_on_both_sides_of_each_maturity(r1: Fixture) -> None:
    exits = {one.ended_on for one in r1.enrolments if one.status == "completed"}

    assert {date(2016, 7, 31), date(2016, 8, 1), date(2016, 10, 31), date(2016, 11, 1)} <= exits


def test_some_answers_come_before_their_exit(r1: Fixture) -> None:
    early = [item.observation.enrolment for lot in r1.phases[0].lots for item in lot.items]

    assert len(early) == 12
    assert sorted(early) == sorted(r1.late_exits)


def test_the_second_sending_is_out_of_order(r1: Fixture) -> None:
    purposes = [item.purpose for lot in r1.phases[2].lots for item in lot.items]

    assert Counter(purposes) == {"correction": 20, "retraction": 10, "duplicate": 30, "retraction_again": 10}
    assert purposes != sorted(purposes)
    assert purposes.index("retraction_again") < len(purposes) - 1 - purposes[::-1].index("retraction")


def test_a_search_in_vain_is_sent_only_about_the_silent(r1: Fixture) -> None:
    said = [item.observation for phase in r1.phases for lot in phase.lots for item in lot.items]
    searched = {one.enrolment for one in said if one.KIND == "searched_not_found"}

    assert len(searched) == 60
    assert not searched & {one.enrolment for one in said if one.KIND != "searched_not_found"}


def test_a_region_weights_the_six_month_wave(r1: Fixture) -> None:
    """360 of the 900 live in Île-de-France; they answer and work more: weighted, 63.5 % instead of 64 %."""
    residents = Fixture(
        **{
            **{name: getattr(r1, name) for name in Fixture.__dataclass_fields__},
            "enrolments": tuple(one for one in r1.enrolments if one.profile.residence_region == "11"),
        }
    )
    matured, employed, *others = read_wave(residents, phases=r1.phases, months=6).parts

    assert (matured, employed, employed + sum(others)) == (360, 210, 300)


def test_no_open_contract_is_planned_to_end_before_it_is_read(r1: Fixture) -> None:
    """Whether a planned end ends a spell is then nobody's question here."""
    exits = {one.key: one.ended_on for one in r1.enrolments if one.status == "completed"}
    open_ones = [
        (exits[item.observation.enrolment], item.observation.planned_end_on)
        for phase in r1.phases
        for lot in phase.lots
        for item in lot.items
        if isinstance(item.observation, Contract) and item.observation.ends_on is None
    ]

    assert [
        (ended_on, planned_end_on)
        for ended_on, planned_end_on in open_ones
        if ended_on and planned_end_on and planned_end_on < later(ended_on, months=6)
    ] == []
