"""What is read of a follow-up, and the exclusion a holder declares."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from services.followup.domain.followups import Exclusion, ExclusionCode, Followup
from shared.platform.edge.fields import Body, IsoDate, Reference, View


class ExclusionBody(Body):
    """A closed reason to leave the figures; the proof stays with the holder, only its reference is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"code": "long_illness", "established_on": "2016-11-02", "proof": "DOSSIER-2016-114"}
        }
    )

    code: Literal["deceased", "long_illness", "detained", "enrolled_by_error"]
    established_on: IsoDate
    proof: Reference

    def to_domain(self) -> Exclusion:
        """The exclusion as a value."""
        return Exclusion(ExclusionCode(self.code), self.established_on, self.proof)


class SettledView(View):
    """The situation that prevails at an anniversary."""

    situation: str
    outcome: str
    job_class: str | None
    durable: bool | None
    source: str
    reference_on: date
    collected_on: date
    firm: bool
    """False while a spell is only presumed to go on."""


class ConsideredView(View):
    """An observation beside a wave; the reference is told to its own reporter only."""

    source: str
    kind: str
    counted: bool
    why: str
    reference: str | None


class WaveView(View):
    """One anniversary: its dates, its situation, and what was considered."""

    wave: int
    due_on: date
    window_from: date
    window_to: date
    cut_off_on: date
    settled: SettledView | None
    considered: list[ConsideredView]


class ExclusionView(View):
    """Why the learner left the figures."""

    code: str
    established_on: date
    proof: str | None
    """Told to the holder only."""


class RulesView(View):
    """Versions of what the situations were settled by."""

    mapping: str
    natures: str
    precedence: str


class FollowupView(View):
    """A follow-up as it stands."""

    enrolment_id: UUID
    training_id: UUID
    status: str
    exit_on: date
    exit_kind: str
    version: int
    exclusion: ExclusionView | None
    waves: list[WaveView]
    rules: RulesView


class ExclusionReceipt(View):
    """A follow-up whose learner left the figures."""

    enrolment_id: UUID
    status: str
    code: str
    established_on: date
    proof: str


def receipt_of(followup: Followup) -> ExclusionReceipt:
    """The receipt of an exclusion."""
    exclusion = followup.exclusion
    assert exclusion is not None  # noqa: S101 - what the use case has just declared
    return ExclusionReceipt(
        enrolment_id=followup.enrolment_id,
        status=followup.status.value,
        code=exclusion.code.value,
        established_on=exclusion.established_on,
        proof=exclusion.proof,
    )
