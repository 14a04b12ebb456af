"""Bodies of applications: what a holder declares of a training, submissions, withdrawals."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.labelling.domain.applications import Submission
from services.labelling.domain.trainings import (
    AudienceShares,
    Certification,
    CertificationKind,
    Content,
    Need,
    NeedKind,
)
from services.labelling.schemas.words import Code, Percent
from shared.platform.edge.fields import (
    Body,
    Count,
    Flag,
    IsoDate,
    Level,
    Reference,
    RegisterEntry,
    Siret,
    Text,
)

Support = Literal["cv", "cover_letter", "professional_project", "mentoring"]

EXAMPLE: dict[str, Any] = {
    "call": "appel-2015",
    "siret": "73282932000074",
    "title": "Développement web",
    "trade_family": "development",
    "skill_group": "programming_development",
    "certification": {"kind": "titre_professionnel", "register_entry": "RNCP34126", "level": 5},
    "months": 7,
    "hours_inperson": 860,
    "hours_online": 190,
    "approaches": ["practice", "project_based"],
    "support": ["cv", "professional_project"],
    "innovative": True,
    "free_of_charge": True,
    "followup_six_months": True,
    "insertion_objective_percent": 70,
    "audience_shares": {"women": 30, "low_qualified": 60, "neet": 50, "qpv": 20},
    "needs": [{"kind": "company", "siret": "73282932000074", "skill": "programmation", "posts": 3}],
    "network": "reseau-1",
}
_SUBMISSION: dict[str, Any] = {
    "reference": "FORM-001",
    "intake": "releve-1",
    "submitted_on": "2015-10-12",
}


class CertificationBody(Body):
    """What the training prepares for: kind, register entry and level are three facts."""

    kind: CertificationKind
    register_entry: RegisterEntry | None = None
    level: Level | None = None


class AudienceSharesBody(Body):
    """Shares the holder aims at, in percent; a share that is left out is unknown."""

    women: Percent | None = None
    low_qualified: Percent | None = None
    neet: Percent | None = None
    qpv: Percent | None = None


class NeedBody(Body):
    """A named need of an employer."""

    kind: NeedKind
    siret: Siret
    skill: Text
    posts: Annotated[Count, Field(ge=1)]


class ApplicationBody(Body):
    """An application for one training at one site; `null` is unknown, never false."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    call: Reference
    siret: Siret | None = Field(default=None, description="A declared site; none when `online_only`.")
    title: Text
    trade_family: Code
    skill_group: Code
    certification: CertificationBody
    months: Annotated[int, Field(strict=True, ge=1, le=60)]
    hours_inperson: Annotated[Count, Field(le=10_000)]
    hours_online: Annotated[Count, Field(le=10_000)]
    approaches: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    support: Annotated[tuple[Support, ...], Field(max_length=20)] = ()
    innovative: Flag | None = None
    free_of_charge: Flag | None = None
    followup_six_months: Flag | None = None
    insertion_objective_percent: Percent | None = None
    audience_shares: AudienceSharesBody = AudienceSharesBody()
    needs: Annotated[tuple[NeedBody, ...], Field(max_length=100)] = ()
    network: Text | None = None
    site_in_qpv: Flag | None = None
    online_only: Flag = False

    def to_content(self) -> Content:
        """The declared facts; lists of codes lose their order and repetitions."""
        declared = {name: getattr(self, name) for name in _AS_THEY_ARE}
        return Content(
            **declared,
            certification=Certification(**self.certification.model_dump()),
            approaches=tuple(sorted(set(self.approaches))),
            support=tuple(sorted(set(self.support))),
            audience_shares=AudienceShares(**self.audience_shares.model_dump()),
            needs=tuple(Need(**need.model_dump()) for need in self.needs),
        )


_COMPOSED = {"certification", "approaches", "support", "audience_shares", "needs"}
_AS_THEY_ARE = sorted(ApplicationBody.model_fields.keys() - _COMPOSED)


class ApplicationItem(ApplicationBody):
    """An application of a lot."""

    model_config = ConfigDict(json_schema_extra={"example": {"reference": "FORM-001", **EXAMPLE}})

    reference: Reference


class ApplicationLot(Body):
    """Up to 1,000 applications of one holder."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [{"reference": "FORM-001", **EXAMPLE}]}}
    )

    items: list[ApplicationItem]


class SubmissionBody(Body):
    """The act of submitting."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"intake": "releve-1", "submitted_on": "2015-10-12"}}
    )

    intake: Reference
    submitted_on: IsoDate

    def to_domain(self, reference: str) -> Submission:
        """The submission of the application of that reference."""
        return Submission(reference, self.intake, self.submitted_on)


class SubmissionItem(SubmissionBody):
    """A submission of a lot."""

    model_config = ConfigDict(json_schema_extra={"example": _SUBMISSION})

    reference: Reference


class SubmissionLot(Body):
    """Up to 1,000 submissions of one holder."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_SUBMISSION]}})

    items: list[SubmissionItem]


class WithdrawalBody(Body):
    """The act of taking an application back."""

    model_config = ConfigDict(json_schema_extra={"example": {"withdrawn_on": "2015-10-20"}})

    withdrawn_on: IsoDate
