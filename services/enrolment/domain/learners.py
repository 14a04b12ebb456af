"""Learners: the only place of the house where a person has a name."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.enrolment.domain import refusals
from services.enrolment.domain.profiles import Known, Person, age_on
from shared.kernel.dates import check_effective
from shared.kernel.errors import Invalid

YOUNGEST: Final = 16
ADULT: Final = 18
OLDEST: Final = 100


@dataclass(frozen=True)
class Identity:
    """What a holder declares of a person, under its own reference of that person."""

    reference: str
    birth_name: str
    usual_name: str | None
    first_names: str
    birth_date: date
    sex: str
    birth_code_insee: str | None = None
    email: str | None = None
    phone: str | None = None
    france_travail_number: str | None = None
    address_basis: str | None = None
    notice_version: str | None = None
    notice_given_on: date | None = None
    representative_informed_on: date | None = None
    disability_recognised: str = Known.UNKNOWN
    """Restricted: kept beside the identity, told to nobody."""

    @property
    def person(self) -> Person:
        """What a profile needs."""
        return Person(self.sex, self.birth_date, self.address_basis)


@dataclass(frozen=True, slots=True)
class Learner:
    """A person as held; the id is random and says nothing of who it is."""

    learner_id: UUID
    holder: str
    identity: Identity
    search_opposed: bool
    """The person opposed the search by the employment service."""
    version: int


@dataclass(frozen=True, slots=True)
class DeclaredLearner:
    """A person as the holder declares it; an opposition that is not mentioned stays as it was."""

    identity: Identity
    search_opposed: bool | None = None


def declare_learner(
    held: Learner | None, declared: DeclaredLearner, *, holder: str, fresh_id: UUID
) -> Learner:
    """The learner after a declaration; `held` itself when nothing changed.

    Only an explicit no takes an opposition back: a declaration that is silent on it leaves it. Source: rule 20.
    """
    opposed = declared.search_opposed
    if held is None:
        return Learner(fresh_id, holder, declared.identity, search_opposed=bool(opposed), version=1)
    if opposed is None:
        opposed = held.search_opposed
    if held.identity == declared.identity and held.search_opposed == opposed:
        return held
    return Learner(
        held.learner_id, holder, declared.identity, search_opposed=opposed, version=held.version + 1
    )


def check_notice(identity: Identity, *, today: date) -> None:
    """Nobody was informed later than tomorrow. Raises Invalid."""
    for name, given_on in (
        ("given_on", identity.notice_given_on),
        ("representative_informed_on", identity.representative_informed_on),
    ):
        if given_on is not None:
            check_effective(given_on, today=today, may_backfill=True, pointer=f"/learner/notice/{name}")


def check_age(birth_date: date, *, entered_on: date) -> None:
    """Source: rule 17 (from 16 on). Raises Invalid."""
    age = age_on(birth_date, entered_on)
    if age < YOUNGEST:
        raise Invalid(
            refusals.TOO_YOUNG, pointer="/learner/birth_date", expected=f"age >= {YOUNGEST} on {entered_on}"
        )
    if age > OLDEST:
        raise Invalid(
            refusals.BORN_TOO_LONG_AGO,
            pointer="/learner/birth_date",
            expected=f"age <= {OLDEST} on {entered_on}",
        )


def representative_must_hear(identity: Identity, *, entered_on: date) -> bool:
    """Whether a minor's representative remains to be informed. Source: rule 17."""
    return identity.representative_informed_on is None and age_on(identity.birth_date, entered_on) < ADULT
