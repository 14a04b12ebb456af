"""What reporters say of a person after the exit, and what is held of it."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.followup.domain.words import Word


class Source(Word):
    """Who an observation comes from."""

    ADMINISTRATIVE = "administrative"
    DOCUMENT = "document"
    LEARNER = "learner"
    HOLDER = "holder"


class Kind(Word):
    """The forms an observation takes: two spells, a snapshot, a search in vain, and the taking back of any."""

    CONTRACT = "contract"
    SELF_EMPLOYMENT = "self_employment"
    SITUATION = "situation"
    SEARCHED_NOT_FOUND = "searched_not_found"
    RETRACTION = "retraction"


SPELLS = frozenset({Kind.CONTRACT, Kind.SELF_EMPLOYMENT})


class Scheme(Word):
    """Work-study schemes, which ride on a contract of any nature."""

    APPRENTICESHIP = "apprenticeship"
    PROFESSIONALISATION = "professionalisation"


Key = tuple[str, str]
"""Reporter and the reporter's own reference: the reference is stable for the life of the fact."""


class Statement(NamedTuple):
    """One line as it was sent."""

    reference: str
    kind: Kind
    collected_on: date
    content: str
    """The line in one written form, without its collection date: two lines that say the same have the same."""
    enrolment_id: UUID | None = None
    """None only in a retraction, which names nothing but the reference."""
    nature_dsn: str | None = None
    scheme: Scheme | None = None
    situation: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    planned_end_on: date | None = None
    observed_on: date | None = None


class Observation(NamedTuple):
    """What one reporter last said under one reference."""

    reporter: str
    reference: str
    source: Source
    kind: Kind
    enrolment_id: UUID | None
    collected_on: date
    first_collected_on: date
    """When the fact was first collected: a later correction of it misses no cut-off."""
    recorded_at: datetime
    digest: bytes
    revision: int = 1
    outcome: str | None = None
    durable: bool | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    planned_end_on: date | None = None
    observed_on: date | None = None

    @property
    def key(self) -> Key:
        """Its natural key."""
        return (self.reporter, self.reference)
