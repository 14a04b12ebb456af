"""The reporter finds its own people on a roster by identity, and never takes one for another."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from deploy.demo.failures import Stopped
from deploy.demo.fixture import Fixture
from deploy.demo.fixture.model import EnrolmentKey, Person
from deploy.demo.rosters import Leaver, find, months_searched

KEY = EnrolmentKey("000000018", "INS-00001")
OTHER = EnrolmentKey("000000018", "INS-00002")
PERSON = Person(
    reference="APP-00001",
    birth_name="L'Exemplaire",
    first_name="Élouan-Zed",
    birth_date=date(1994, 5, 17),
    birth_code_insee="75056",
    email="someone@example.org",
    france_travail_number=None,
)
NUMBERED = replace(PERSON, france_travail_number="00000007919")


def leaver_of(person: Person, *, enrolment_id: str = "e-1") -> Leaver:
    return Leaver(
        enrolment_id=enrolment_id,
        birth_name=person.birth_name,
        first_names=person.first_name,
        birth_date=f"{person.birth_date}",
        birth_code_insee=person.birth_code_insee,
        france_travail_number=person.france_travail_number,
    )


def test_everyone_who_left_is_found_among_all_the_people(fixture: Fixture) -> None:
    people = {one.key: one.person for one in fixture.enrolments}
    left = [one for one in fixture.enrolments if one.ended_on is not None]

    found = find(people, leavers=[leaver_of(one.person, enrolment_id=one.key.reference) for one in left])

    assert found == {one.key: one.key.reference for one in left}


def test_names_are_compared_as_people_write_them() -> None:
    leaver = replace(leaver_of(PERSON), birth_name="L'EXEMPLAIRE", first_names="elouan zed")

    assert find({KEY: PERSON}, leavers=[leaver]) == {KEY: "e-1"}


def test_the_number_finds_a_person_whose_names_were_written_otherwise() -> None:
    leaver = replace(leaver_of(NUMBERED), first_names="Elouan")

    assert find({KEY: NUMBERED}, leavers=[leaver]) == {KEY: "e-1"}


def test_a_person_without_number_on_the_roster_is_found_by_identity() -> None:
    leaver = replace(leaver_of(NUMBERED), france_travail_number=None)

    assert find({KEY: NUMBERED}, leavers=[leaver]) == {KEY: "e-1"}


@pytest.mark.parametrize(
    "change",
    [
        {"birth_date": "1994-05-18"},
        {"birth_code_insee": "93066"},
        {"birth_code_insee": None},
        {"birth_name": "Exemplaire"},
        {"france_travail_number": "00000007918"},
    ],
)
def test_a_stranger_is_left_alone(change: dict[str, Any]) -> None:
    assert find({KEY: PERSON}, leavers=[replace(leaver_of(PERSON), **change)]) == {}


def test_two_people_of_one_identity_stop_the_replay() -> None:
    with pytest.raises(Stopped, match="e-1 cannot be told"):
        find({KEY: PERSON, OTHER: PERSON}, leavers=[leaver_of(PERSON)])


def test_one_person_twice_on_the_rosters_stops_the_replay() -> None:
    twice = [leaver_of(PERSON), leaver_of(PERSON, enrolment_id="e-2")]

    with pytest.raises(Stopped, match="e-2 cannot be told"):
        find({KEY: PERSON}, leavers=twice)


def test_the_rosters_to_read_are_those_that_the_lots_searched(fixture: Fixture) -> None:
    assert months_searched(fixture.phases) == ["2016-06", "2016-07", "2016-08", "2016-09", "2016-10"]
