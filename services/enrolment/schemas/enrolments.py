"""Bodies of enrolments: the entry, the learner, the profile."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.enrolment.domain.enrolments import DeclaredEntry
from services.enrolment.domain.learners import DeclaredLearner, Identity
from services.enrolment.domain.profiles import DeclaredProfile
from services.enrolment.schemas.texts import (
    CodeInsee,
    Email,
    FranceTravailNumber,
    Name,
    Phone,
    Reference,
)
from shared.platform.edge.fields import Body, Count, Flag, IsoDate, Level

Cents = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Known = Literal["yes", "no", "unknown"]

_EXAMPLE: dict[str, Any] = {
    "session": "S-2016-042-1",
    "learner": {
        "reference": "APP-00042",
        "birth_name": "Dupont-Exemple",
        "first_names": "Camille",
        "birth_date": "1994-05-17",
        "sex": "female",
        "birth_code_insee": "75056",
        "email": "camille@example.org",
        "address_basis": "address",
        "notice": {"version": "2016-1", "given_on": "2016-02-15"},
    },
    "entered_on": "2016-03-01",
    "profile": {
        "level": 4,
        "situation_before": "jobseeker",
        "qpv": "yes",
        "zoning": "qpv_2014",
        "residence_code_insee": "93066",
    },
}
_ITEM_EXAMPLE = {"reference": "INS-00042", **_EXAMPLE}


class NoticeBody(Body):
    """What the learner was told of the processing, and when."""

    version: Reference
    given_on: IsoDate
    representative_informed_on: IsoDate | None = Field(default=None, description="For a learner under 18.")


class LearnerBody(Body):
    """A person, under the holder's own reference; kept apart from the enrolment."""

    reference: Reference
    birth_name: Name
    usual_name: Name | None = None
    first_names: Name
    birth_date: IsoDate
    sex: Literal["female", "male", "not_stated"]
    birth_code_insee: CodeInsee | None = None
    email: Email | None = None
    phone: Phone | None = None
    france_travail_number: FranceTravailNumber | None = None
    address_basis: Literal["address", "hosted", "domiciliation", "none"] | None = None
    notice: NoticeBody | None = None
    search_opposed: Flag | None = Field(
        default=None,
        description="The person opposes the search by the employment service. Absent: as declared before, at first no.",
    )


class ProfileBody(Body):
    """What is known at entry; what is absent is unknown, never no."""

    level: Level | None = None
    situation_before: (
        Literal["jobseeker", "neither_employed_nor_training", "employee", "student", "other"] | None
    ) = None
    qpv: Known = Field(
        default="unknown", description="Made unknown where there is no address to judge it by."
    )
    zrr_frr: Known = "unknown"
    zoning: Literal["qpv_2014", "qpv_2024"] | None = None
    residence_code_insee: CodeInsee | None = None
    disability_recognised: Known = Field(default="unknown", description="Restricted: never told to anybody.")


_UNKNOWN = ProfileBody()


class EnrolmentBody(Body):
    """A learner's entry into a session."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    session: Reference
    learner: LearnerBody
    entered_on: IsoDate
    planned_end_on: IsoDate | None = Field(default=None, description="The session's unless given.")
    profile: ProfileBody = _UNKNOWN
    cost_to_learner_cents: Cents = 0
    hours_planned_inperson: Count | None = None
    hours_planned_online: Count | None = None

    def to_domain(self, reference: str) -> DeclaredEntry:
        """The declaration under the holder's reference."""
        profile = self.profile
        return DeclaredEntry(
            reference=reference,
            session=self.session,
            learner=DeclaredLearner(
                _identity(self.learner, disability_recognised=profile.disability_recognised),
                self.learner.search_opposed,
            ),
            entered_on=self.entered_on,
            planned_end_on=self.planned_end_on,
            profile=DeclaredProfile(
                level=profile.level,
                situation_before=profile.situation_before,
                qpv=profile.qpv,
                zrr_frr=profile.zrr_frr,
                zoning=profile.zoning,
                residence_code_insee=profile.residence_code_insee,
            ),
            cost_to_learner_cents=self.cost_to_learner_cents,
            hours_planned_inperson=self.hours_planned_inperson,
            hours_planned_online=self.hours_planned_online,
        )


class EnrolmentItem(EnrolmentBody):
    """An enrolment in a bulk call."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM_EXAMPLE]})

    reference: Reference


class EnrolmentLot(Body):
    """Up to 1,000 enrolments."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ITEM_EXAMPLE]}]})

    items: list[EnrolmentItem]


def _identity(learner: LearnerBody, *, disability_recognised: str) -> Identity:
    notice = learner.notice
    return Identity(
        reference=learner.reference,
        birth_name=learner.birth_name,
        usual_name=learner.usual_name,
        first_names=learner.first_names,
        birth_date=learner.birth_date,
        sex=learner.sex,
        birth_code_insee=learner.birth_code_insee,
        email=learner.email,
        phone=learner.phone,
        france_travail_number=learner.france_travail_number,
        address_basis=learner.address_basis,
        notice_version=notice.version if notice else None,
        notice_given_on=notice.given_on if notice else None,
        representative_informed_on=notice.representative_informed_on if notice else None,
        disability_recognised=disability_recognised,
    )
