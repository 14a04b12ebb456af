"""What followup says: the settled situation of each wave of a follow-up."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact

Situation = Literal["employed", "further_training", "unemployed", "other", "excluded"]
JobClass = Literal["non_precarious", "entrepreneurship", "temp_agency"]
Source = Literal["administrative", "document", "learner", "holder"]


class SettledWave(BaseModel):
    """The situation at one anniversary, by the source that prevails."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    wave: Literal[3, 6]
    situation: Situation
    outcome: str
    """Code of the outcome list, e.g. permanent, own_business, job_search."""
    job_class: JobClass | None = None
    """Class of the 2016 report, for the employed."""
    durable: bool | None = None
    source: Source
    reference_on: date
    collected_on: date


class FollowupState(Fact):
    """A follow-up as it stands: its settled waves; a wave that is absent has no valid answer."""

    enrolment_id: UUID
    training_id: UUID
    exit_on: date
    exit_kind: Literal["completed", "abandoned", "interrupted"]
    waves: tuple[SettledWave, ...] = ()
    mapping: str
    """Version of the roll-up of outcome codes, e.g. outcomes-1."""

    @property
    def aggregate_id(self) -> str:
        """The enrolment that is followed."""
        return str(self.enrolment_id)


class OutcomeSettled(FollowupState):
    """A wave got a situation, or another one."""

    TYPE: ClassVar[str] = "followup.outcome.settled.v1"


class OutcomeWithdrawn(FollowupState):
    """A wave lost its situation."""

    TYPE: ClassVar[str] = "followup.outcome.withdrawn.v1"


class FollowupExcluded(FollowupState):
    """A learner left the figures for a closed reason: deceased, long illness, detained, enrolled by error."""

    TYPE: ClassVar[str] = "followup.followup.excluded.v1"


EVENTS: tuple[type[Fact], ...] = (OutcomeSettled, OutcomeWithdrawn, FollowupExcluded)
