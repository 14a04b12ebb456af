"""The profile at entry: what is declared, and what follows from it; unknown is never no."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.kernel.territories import region_of

LOW_QUALIFIED_UP_TO: Final = 4
"""Level of the baccalauréat."""
NEET_BELOW: Final = 26


class Known(StrEnum):
    """A fact that may be unknown."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Sex(StrEnum):
    """As declared."""

    FEMALE = "female"
    MALE = "male"
    NOT_STATED = "not_stated"


class Situation(StrEnum):
    """Before entry."""

    JOBSEEKER = "jobseeker"
    NEITHER = "neither_employed_nor_training"
    EMPLOYEE = "employee"
    STUDENT = "student"
    OTHER = "other"


class AddressBasis(StrEnum):
    """What the residence was established by."""

    ADDRESS = "address"
    HOSTED = "hosted"
    DOMICILIATION = "domiciliation"
    NONE = "none"


@dataclass(frozen=True)
class DeclaredProfile:
    """What the holder says of a learner at entry; empty is unknown."""

    level: int | None = None
    situation_before: str | None = None
    qpv: str = Known.UNKNOWN
    zrr_frr: str = Known.UNKNOWN
    zoning: str | None = None
    residence_code_insee: str | None = None


@dataclass(frozen=True)
class Profile:
    """The profile frozen at entry: the declared facts and what follows from them and from the identity."""

    women: str
    birth_year: int
    level: int | None
    low_qualified: str
    situation_before: str | None
    jobseeker: str
    neet: str
    qpv: str
    zrr_frr: str
    zoning: str | None
    residence_code_insee: str | None
    residence_region: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """What a profile takes from an identity."""

    sex: str
    birth_date: date
    address_basis: str | None


def age_on(birth_date: date, on: date) -> int:
    """Completed years of age on a day; who is born on 29 February ages on 1 March in common years."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def qpv_is_unfounded(declared: DeclaredProfile, *, person: Person) -> bool:
    """Whether a QPV flag is declared though there is no address to judge it by. Source: rule 16."""
    return declared.qpv != Known.UNKNOWN and person.address_basis in {
        AddressBasis.DOMICILIATION,
        AddressBasis.NONE,
    }


def profile_at_entry(declared: DeclaredProfile, *, person: Person, entered_on: date) -> Profile:
    """The profile to freeze. Source: rule 16, and the report's definitions of the priority audiences."""
    residence = declared.residence_code_insee
    situation = declared.situation_before
    return Profile(
        women=_women(person.sex),
        birth_year=person.birth_date.year,
        level=declared.level,
        low_qualified=Known.UNKNOWN
        if declared.level is None
        else _known(declared.level <= LOW_QUALIFIED_UP_TO),
        situation_before=situation,
        jobseeker=Known.UNKNOWN if situation is None else _known(situation == Situation.JOBSEEKER),
        neet=_neet(situation, age=age_on(person.birth_date, entered_on)),
        qpv=Known.UNKNOWN if qpv_is_unfounded(declared, person=person) else declared.qpv,
        zrr_frr=declared.zrr_frr,
        zoning=declared.zoning,
        residence_code_insee=residence,
        residence_region=region_of(residence) if residence else None,
    )


def _known(fact: bool) -> str:  # noqa: FBT001 - the fact itself
    return Known.YES if fact else Known.NO


def _women(sex: str) -> str:
    return Known.UNKNOWN if sex == Sex.NOT_STATED else _known(sex == Sex.FEMALE)


def _neet(situation: str | None, *, age: int) -> str:
    """From 26 on the answer is no whatever the situation; below, it takes the situation to know."""
    if age >= NEET_BELOW:
        return Known.NO
    if situation is None:
        return Known.UNKNOWN
    return _known(situation in {Situation.JOBSEEKER, Situation.NEITHER})
