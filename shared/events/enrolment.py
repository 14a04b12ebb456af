"""What enrolment says: sessions, enrolments, certifications; no identity, no contact, no key derived from one."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact

Coverage = Literal["covered", "waiting_for_label", "not_covered"]
Known = Literal["yes", "no", "unknown"]


class SessionState(Fact):
    """A dated run of a training, and whether a label covers its start."""

    session_id: UUID
    holder: str
    reference: str
    training_id: UUID
    starts_on: date
    planned_end_on: date
    rolling_entry: bool = False
    capacity: int | None = None
    coverage: Coverage
    cancelled_on: date | None = None

    @property
    def aggregate_id(self) -> str:
        """The session."""
        return str(self.session_id)


class SessionOpened(SessionState):
    """A session was declared."""

    TYPE: ClassVar[str] = "enrolment.session.opened.v1"


class SessionChanged(SessionState):
    """A session changed, or the label it waited for was heard."""

    TYPE: ClassVar[str] = "enrolment.session.changed.v1"


class SessionCancelled(SessionState):
    """A session will not take place."""

    TYPE: ClassVar[str] = "enrolment.session.cancelled.v1"


class Profile(BaseModel):
    """What is known of the learner at entry, frozen with its vintage; unknown is never false."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    women: Known = "unknown"
    birth_year: int | None = None
    level: int | None = None
    """Level of the highest diploma, 1 to 8; None is unknown."""
    low_qualified: Known = "unknown"
    """Level 4 (baccalauréat) or below."""
    jobseeker: Known = "unknown"
    neet: Known = "unknown"
    """Under 26, neither in employment nor in education or training."""
    qpv: Known = "unknown"
    zoning: str | None = None
    """Generation of the zoning the flag was judged by, e.g. qpv_2014."""
    residence_region: str | None = None


class EnrolmentState(Fact):
    """One learner in one session, from entry to end."""

    enrolment_id: UUID
    learner_id: UUID
    holder: str
    training_id: UUID
    session_id: UUID
    coverage: Coverage
    entered_on: date
    planned_end_on: date
    status: Literal["in_training", "completed", "abandoned", "transferred", "interrupted", "cancelled"]
    ended_on: date | None = None
    end_reason: str | None = None
    continues_in: UUID | None = None
    """The enrolment that a transfer led to."""
    search_opposed: bool = False
    """The learner opposed the search by the public employment service."""
    profile: Profile = Profile()

    @property
    def aggregate_id(self) -> str:
        """The enrolment."""
        return str(self.enrolment_id)


class EnrolmentEntered(EnrolmentState):
    """A learner entered a session."""

    TYPE: ClassVar[str] = "enrolment.enrolment.entered.v1"


class EnrolmentChanged(EnrolmentState):
    """A declared fact of an enrolment was corrected, or its end was withdrawn."""

    TYPE: ClassVar[str] = "enrolment.enrolment.changed.v1"


class EnrolmentCompleted(EnrolmentState):
    """The learner stayed to the end."""

    TYPE: ClassVar[str] = "enrolment.enrolment.completed.v1"


class EnrolmentAbandoned(EnrolmentState):
    """The learner left before the end."""

    TYPE: ClassVar[str] = "enrolment.enrolment.abandoned.v1"


class EnrolmentTransferred(EnrolmentState):
    """The learner went on in another labelled training."""

    TYPE: ClassVar[str] = "enrolment.enrolment.transferred.v1"


class EnrolmentInterrupted(EnrolmentState):
    """The provider stopped the training."""

    TYPE: ClassVar[str] = "enrolment.enrolment.interrupted.v1"


class EnrolmentCancelled(EnrolmentState):
    """The learner never started."""

    TYPE: ClassVar[str] = "enrolment.enrolment.cancelled.v1"


class CertificationAwarded(Fact):
    """A jury's result for an enrolment; register, kind and level are three facts."""

    TYPE: ClassVar[str] = "enrolment.certification.awarded.v1"

    certification_id: UUID
    enrolment_id: UUID
    training_id: UUID
    register_entry: str | None = None
    kind: str
    level: int | None = None
    result: Literal["full", "partial", "failed"]
    decided_on: date

    @property
    def aggregate_id(self) -> str:
        """The result."""
        return str(self.certification_id)


EVENTS: tuple[type[Fact], ...] = (
    SessionOpened,
    SessionChanged,
    SessionCancelled,
    EnrolmentEntered,
    EnrolmentChanged,
    EnrolmentCompleted,
    EnrolmentAbandoned,
    EnrolmentTransferred,
    EnrolmentInterrupted,
    EnrolmentCancelled,
    CertificationAwarded,
)
