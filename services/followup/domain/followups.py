"""A follow-up: what is known of an exit, and the situations settled at its anniversaries."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.followup.domain.observations import Source
from services.followup.domain.outcomes import JobClass, Situation
from services.followup.domain.words import Word


class Status(Word):
    """Where a follow-up stands. `waiting`: something was said of an enrolment whose exit is not heard yet."""

    WAITING = "waiting"
    OPEN = "open"
    EXCLUDED = "excluded"
    CLOSED = "closed"


class ExclusionCode(Word):
    """The closed list of reasons to leave the figures. Source: indicator method, partition of a matured cohort."""

    DECEASED = "deceased"
    LONG_ILLNESS = "long_illness"
    DETAINED = "detained"
    ENROLLED_BY_ERROR = "enrolled_by_error"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a learner left the figures, since when, and the reference of the proof its holder keeps."""

    code: ExclusionCode
    established_on: date
    proof: str


class SettledWave(NamedTuple):
    """The situation at one anniversary, as the others are told."""

    wave: int
    situation: Situation
    outcome: str
    job_class: JobClass | None
    durable: bool | None
    source: Source
    reference_on: date
    collected_on: date


class Exit(NamedTuple):
    """How and when a learner left which training of whom."""

    holder: str
    training_id: UUID
    exit_on: date
    exit_kind: str


class Followup(NamedTuple):
    """What is held of one enrolment after its exit."""

    enrolment_id: UUID
    status: Status
    exit: Exit | None = None
    exclusion: Exclusion | None = None
    version: int = 0
    enrolment_version: int = 0
    settled: tuple[SettledWave, ...] = ()

    @property
    def has_exit(self) -> bool:
        """Whether an exit is known and stands."""
        return self.status is Status.OPEN or self.status is Status.EXCLUDED
