"""The generator's own check is seen to refuse: each plant breaks one promise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.demo.fixture import Fixture, WrongFixture, check
from deploy.demo.fixture.observations import Item, Situation

Plant = Callable[[Fixture], Fixture]


def _wrong_siren(fixture: Fixture) -> Fixture:
    first, *others = fixture.holders
    return replace(fixture, holders=(replace(first, siren="000000019"), *others))


def _wrong_siret(fixture: Fixture) -> Fixture:
    first, *others = fixture.trainings
    need = replace(first.needs[0], siret="00090001200000")
    return replace(fixture, trainings=(replace(first, needs=(need,)), *others))


def _one_hour_online(fixture: Fixture) -> Fixture:
    first, *others = fixture.trainings
    changed = replace(first, hours_online=first.hours_online + 1)
    return replace(fixture, trainings=(changed, *others))


def _without_support(fixture: Fixture) -> Fixture:
    first, *others = fixture.trainings
    return replace(fixture, trainings=(replace(first, support=()), *others))


def _late_application(fixture: Fixture) -> Fixture:
    first, *others = fixture.applications
    late = replace(first, submitted_on=fixture.call.intake.closes_on + timedelta(days=1))
    return replace(fixture, applications=(late, *others))


def _session_before_label(fixture: Fixture) -> Fixture:
    first, *others = fixture.sessions
    return replace(
        fixture, sessions=(replace(first, starts_on=first.starts_on - timedelta(days=60)), *others)
    )


def _one_learner_less(fixture: Fixture) -> Fixture:
    return replace(fixture, enrolments=fixture.enrolments[:-1])


def _exit_a_month_later(fixture: Fixture) -> Fixture:
    first, *others = fixture.enrolments
    assert first.ended_on is not None
    return replace(
        fixture, enrolments=(replace(first, ended_on=first.ended_on + timedelta(days=31)), *others)
    )


def _other_sex(fixture: Fixture) -> Fixture:
    first, *others = fixture.enrolments
    male = first.profile.sex == "male"
    changed = replace(first, profile=replace(first.profile, sex="female" if male else "male"))
    return replace(fixture, enrolments=(changed, *others))


def _real_mailbox(fixture: Fixture) -> Fixture:
    first, *others = fixture.enrolments
    changed = replace(first, person=replace(first.person, email="someone@example.test"))
    return replace(fixture, enrolments=(changed, *others))


def _lost_lot(fixture: Fixture) -> Fixture:
    early, first, mending = fixture.phases
    return replace(fixture, phases=(early, replace(first, lots=first.lots[:-1]), mending))


def _uncorrected(fixture: Fixture) -> Fixture:
    return replace(fixture, phases=fixture.phases[:2])


def _contradicted(fixture: Fixture) -> Fixture:
    """A second snapshot of the same day says something else."""
    early, first, mending = fixture.phases
    lot = first.lots[0]
    item = next(item for item in lot.items if isinstance(item.observation, Situation))
    assert isinstance(item.observation, Situation)
    code = "inactive" if item.observation.code != "inactive" else "job_search"
    other = Item("answer", replace(item.observation, reference="FT-999999", code=code))
    lots = (replace(lot, items=(*lot.items, other)), *first.lots[1:])
    return replace(fixture, phases=(early, replace(first, lots=lots), mending))


def _other_publication(fixture: Fixture) -> Fixture:
    first, *others = fixture.expected
    return replace(fixture, expected=(replace(first, numerator=161), *others))


PLANTS: list[tuple[Plant, str]] = [
    (_wrong_siren, "wrong SIREN"),
    (_wrong_siret, "wrong SIRET"),
    (_one_hour_online, "line share_hours_online"),
    (_without_support, "line share_support"),
    (_late_application, "application outside the intake"),
    (_session_before_label, "session outside validity"),
    (_one_learner_less, "started: expected 2760, found 2759"),
    (_exit_a_month_later, "completed by month"),
    (_other_sex, "women"),
    (_real_mailbox, "mail that could arrive"),
    (_lost_lot, "waves after the mending"),
    (_uncorrected, "lines by purpose"),
    (_contradicted, "observations at odds"),
    (_other_publication, "line share_titre_pro"),
]


@pytest.mark.parametrize(("plant", "promise"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_broken_promise_is_named(r1: Fixture, plant: Plant, promise: str) -> None:
    with pytest.raises(WrongFixture, match=promise):
        check(plant(r1))


def test_the_untouched_fixture_passes(fixture: Fixture) -> None:
    check(fixture)
