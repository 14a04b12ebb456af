"""The integers of the worked example, counted here on the generated rows and on nothing else."""

from collections import Counter
from datetime import date

import pytest

from deploy.demo.fixture import Fixture


def passes_luhn(digits: str) -> bool:
    """Doubles every second digit from the right."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def test_the_keys_of_organisations_are_right(r1: Fixture) -> None:
    sirens = [holder.siren for holder in r1.holders]
    sirets = [site.siret for holder in r1.holders for site in holder.sites]
    employers = [need.siret for training in r1.trainings for need in training.needs]

    assert [siren[:8] for siren in sirens] == [f"0000{number:04d}" for number in range(1, 13)]
    assert all(len(siren) == 9 and passes_luhn(siren) for siren in sirens)
    assert all(len(siret) == 14 and passes_luhn(siret) for siret in sirets + employers)
    assert all(site.siret.startswith(holder.siren) for holder in r1.holders for site in holder.sites)
    assert len(set(sirets)) == len(sirets)
    assert not set(sirens) & {employer[:9] for employer in employers}


def test_every_region_has_a_training(r1: Fixture) -> None:
    metropolitan = {"11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "94"}

    assert {training.region for training in r1.trainings} == metropolitan | {"01", "02", "03", "04", "06"}


def test_the_trainings_add_up(r1: Fixture) -> None:
    every = r1.trainings

    assert len(every) == 400
    assert Counter(one.certification.kind for one in every) == {
        "titre_professionnel": 160,
        "attestation": 28,
        "diplome": 28,
        "none": 184,
    }
    assert Counter(one.months for one in every) == {4: 100, 7: 200, 10: 100}
    assert sum(one.months for one in every) == 2_800
    assert sum(one.hours_inperson + one.hours_online for one in every) == 420_000
    assert sum(one.hours_inperson for one in every) == 382_200
    assert sum("practice" in one.approaches for one in every) == 392
    assert all(one.free_of_charge and one.followup_six_months and one.support for one in every)
    assert {one.innovative for one in every} == {True, False}
    assert {need.kind for one in every for need in one.needs} == {"company", "administration", "association"}


def test_register_kind_and_level_are_three_facts(r1: Fixture) -> None:
    prefixes = {
        (
            one.certification.kind,
            (one.certification.register_entry or "-")[:2],
            one.certification.level is None,
        )
        for one in r1.trainings
    }

    assert prefixes == {
        ("titre_professionnel", "RN", False),
        ("diplome", "RN", False),
        ("attestation", "RS", True),
        ("none", "-", True),
    }


def test_labels_are_of_one_day_and_sessions_start_under_them(r1: Fixture) -> None:
    assert {one.decided_on for one in r1.applications} == {date(2016, 2, 3)}
    assert {one.valid_until for one in r1.applications} == {date(2019, 2, 2)}
    assert min(one.starts_on for one in r1.sessions) == date(2016, 2, 3)
    assert {one.training for one in r1.sessions} == {one.reference for one in r1.trainings}


def test_the_first_reading_starts_2760_learners(r1: Fixture) -> None:
    statuses = Counter(one.status for one in r1.enrolments)
    abandoned = [one for one in r1.enrolments if one.status == "abandoned" and one.ended_on]

    assert statuses == {"completed": 1_827, "abandoned": 203, "in_training": 730}
    assert {one.ended_on.month for one in abandoned if one.ended_on} == set(range(3, 13))


def test_the_second_reading_has_2760_learners_in_training(r2: Fixture) -> None:
    statuses = Counter(one.status for one in r2.enrolments)

    assert statuses == {"completed": 1_827, "in_training": 2_760}


def test_completions_fall_in_the_planned_months(fixture: Fixture) -> None:
    lengths = {one.reference: one.months for one in fixture.trainings}
    completed = [one for one in fixture.enrolments if one.status == "completed" and one.ended_on]
    months = Counter(one.ended_on.month for one in completed if one.ended_on)
    early = [one for one in completed if one.ended_on and one.ended_on < date(2016, 8, 1)]

    assert months == {6: 400, 7: 500, 8: 100, 9: 180, 10: 220, 11: 207, 12: 220}
    assert {lengths[one.training] for one in early} == {4}
    assert {one.entered_on.month for one in early} == {2, 3}


@pytest.mark.parametrize(
    ("name", "audience"),
    [("r1", (856, 469, 662, 1_518, 1_794, 1_104)), ("r2", (1_422, 780, 1_101, 2_523, 2_982, 1_835))],
)
def test_the_audience_is_exact(
    request: pytest.FixtureRequest, name: str, audience: tuple[int, int, int, int, int, int]
) -> None:
    made: Fixture = request.getfixturevalue(name)
    profiles = [one.profile for one in made.enrolments]

    assert audience == (
        sum(one.neet for one in profiles),
        sum(one.qpv for one in profiles),
        sum(one.sex == "female" for one in profiles),
        sum(one.level <= 4 for one in profiles),
        sum(one.situation == "jobseeker" for one in profiles),
        sum(one.residence_region == "11" for one in profiles),
    )


def test_people_are_told_apart(fixture: Fixture) -> None:
    people = [one.person for one in fixture.enrolments]
    identities = len({(one.birth_name, one.first_name, one.birth_date) for one in people})

    assert identities == len(people)


def test_people_cannot_exist(fixture: Fixture) -> None:
    people = [one.person for one in fixture.enrolments]
    numbers = [one.france_travail_number for one in people if one.france_travail_number]
    mailboxes = [one.email for one in people]

    assert [number for number in numbers if len(number) != 11 or not number.startswith("000")] == []
    assert [one for one in mailboxes if not one.isascii() or not one.endswith("@example.org")] == []
    assert max(one.birth_date for one in people) < date(2000, 1, 1)
