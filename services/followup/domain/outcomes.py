"""What a person can be doing at an anniversary: the outcome list and its roll-ups."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.followup.domain.words import Word


class Situation(Word):
    """What the figures count; `excluded` is no answer but a closed reason to have none."""

    EMPLOYED = "employed"
    FURTHER_TRAINING = "further_training"
    UNEMPLOYED = "unemployed"
    OTHER = "other"
    EXCLUDED = "excluded"


class JobClass(Word):
    """The three classes of the 2016 report."""

    NON_PRECARIOUS = "non_precarious"
    ENTREPRENEURSHIP = "entrepreneurship"
    TEMP_AGENCY = "temp_agency"


class Durability(Word):
    """How a job's durability follows from its kind."""

    ALWAYS = "always"
    NEVER = "never"
    BY_LENGTH = "by_length"

    def judge(self, lasting: bool | None) -> bool | None:  # noqa: FBT001 - a fact about the contract, not a switch
        """Whether the job is durable, given whether it lasts six months; unknown stays unknown."""
        return lasting if self is Durability.BY_LENGTH else self is Durability.ALWAYS


@dataclass(frozen=True, slots=True)
class Outcome:
    """One code of the list."""

    code: str
    situation: Situation | None
    """None: no answer."""
    job_class: JobClass | None
    positive: bool
    durability: Durability | None

    @property
    def employed(self) -> bool:
        """Whether it is a job."""
        return self.situation is Situation.EMPLOYED

    def durable(self) -> bool | None:
        """Durability as far as the code alone tells; None for whoever does not work, or when only dates can tell."""
        return self.durability.judge(None) if self.durability else None


@dataclass(frozen=True)
class OutcomeList:
    """A version of the list. Source: the label's reports of 2016 and 2017, the durable convention of IAE."""

    version: str
    by_code: Mapping[str, Outcome]
