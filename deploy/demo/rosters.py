"""The reporter learns whom to follow: it reads the rosters and knows its own people on them by identity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.demo.cast import Cast
from deploy.demo.failures import Stopped
from deploy.demo.fixture.model import EnrolmentKey, Person
from deploy.demo.fixture.observations import Phase
from shared.kernel.text import name_key

_PURPOSE: Final = "outcomes of the learners who left, three and six months later"
_PAGE: Final = 500

Identity = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaver:
    """One person of a roster."""

    enrolment_id: str
    birth_name: str
    first_names: str
    birth_date: str
    birth_code_insee: str | None
    france_travail_number: str | None


async def read_rosters(cast: Cast, *, months: Sequence[str]) -> list[Leaver]:
    """Everyone who left in these months; each page is journalled with its purpose."""
    leavers: list[Leaver] = []
    with cast.steps.step("rosters", total=len(months)) as advance:
        for month in months:
            leavers += await _roster(cast, month=month)
            advance(1)
    return leavers


async def _roster(cast: Cast, *, month: str) -> list[Leaver]:
    asked: dict[str, Any] = {"exit_month": month, "purpose": _PURPOSE, "limit": _PAGE}
    leavers: list[Leaver] = []
    while True:
        page = await cast.reporter.get("enrolment", "/v1/rosters", **asked)
        leavers += [_leaver(entry) for entry in page["items"]]
        if page["next"] is None:
            return leavers
        asked["after"] = page["next"]


def _leaver(entry: Mapping[str, Any]) -> Leaver:
    return Leaver(**{name: entry[name] for name in Leaver.__slots__})


def months_searched(phases: Iterable[Phase]) -> list[str]:
    """The rosters that the lots say were searched."""
    return sorted({month for phase in phases for lot in phase.lots for month in lot.exit_months})


def find(people: Mapping[EnrolmentKey, Person], *, leavers: Iterable[Leaver]) -> dict[EnrolmentKey, str]:
    """The enrolment ids of those people who are on the rosters.

    By the reporter's own number and the birth date where the roster has a number, else by the whole identity at
    birth. Raises Stopped when a person of a roster could be two of the people, or one of them two persons.
    """
    known: dict[Identity, list[EnrolmentKey]] = {}
    for key, person in people.items():
        for identity in _identities_of(person):
            known.setdefault(identity, []).append(key)
    found: dict[EnrolmentKey, str] = {}
    for leaver in leavers:
        keys = known.get(_identity_on(leaver), [])
        if len(keys) > 1 or (keys and keys[0] in found):
            raise Stopped(f"The person of enrolment {leaver.enrolment_id} cannot be told from another.")
        if keys:
            found[keys[0]] = leaver.enrolment_id
    return found


def _identities_of(person: Person) -> list[Identity]:
    at_birth = (
        name_key(person.birth_name),
        name_key(person.first_name),
        f"{person.birth_date}",
        person.birth_code_insee,
    )
    number = person.france_travail_number
    return [at_birth] if number is None else [at_birth, (number, f"{person.birth_date}")]


def _identity_on(leaver: Leaver) -> Identity:
    if leaver.france_travail_number is not None:
        return leaver.france_travail_number, leaver.birth_date
    return (
        name_key(leaver.birth_name),
        name_key(leaver.first_names),
        leaver.birth_date,
        leaver.birth_code_insee or "",
    )
