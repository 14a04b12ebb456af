"""A push of outcomes: the lot it belongs to, and its lines by kind."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.followup.domain.lots import LotHead
from services.followup.domain.observations import Kind, Scheme, Statement
from services.followup.domain.refusals import BAD_PERIOD
from shared.platform.edge.fields import Body, IsoDate, Reference, Siret, Text, View

_ENROLMENT: Final = "8c0f2d5e-7d0f-4c39-9a43-0b9c2f4f6a11"
_CONTRACT_EXAMPLE: Final[dict[str, JsonValue]] = {
    "kind": "contract",
    "reference": "FT-000123",
    "enrolment": _ENROLMENT,
    "nature_dsn": "02",
    "starts_on": "2016-09-05",
    "planned_end_on": "2017-03-04",
    "employer_siret": "73282932000074",
    "collected_on": "2016-10-12",
}
_LOT_EXAMPLE: Final[dict[str, JsonValue]] = {
    "reference": "FT-LOT-2016-10",
    "period": {"from": "2016-10-01", "to": "2016-10-31"},
    "population": "leavers of April to July 2016",
    "complete_to": "2016-10-31",
    "produced_on": "2016-11-04",
}
_UNSAID = {"reference", "collected_on"}
"""The key and the date of collection are no part of what a line says."""

Collected = Annotated[
    IsoDate, Field(description="When the reporter learnt it; more than 90 days ago needs the backfill right.")
]
NatureDsn = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Z]{2}$", strict=True),
    Field(description="Nature of contract as in the DSN (S21.G00.40.007); an unknown code gives a warning."),
]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$", strict=True),
    Field(description="ISO 3166 code of the country, for a job abroad.", examples=["BE"]),
]
OutcomeCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$", strict=True),
    Field(description="Code of the outcome list.", examples=["further_training"]),
]


class _Line(Body):
    reference: Reference
    collected_on: Collected

    def content(self) -> str:
        """What the line says, in one written form."""
        return self.model_dump_json(exclude=_UNSAID, exclude_none=True)


class ContractLine(_Line):
    """A contract of employment, by its DSN nature; durability is derived from its dates."""

    model_config = ConfigDict(json_schema_extra={"example": _CONTRACT_EXAMPLE})

    kind: Literal["contract"]
    enrolment: UUID
    nature_dsn: NatureDsn
    scheme: Literal["apprenticeship", "professionalisation"] | None = None
    starts_on: IsoDate
    ends_on: IsoDate | None = None
    planned_end_on: IsoDate | None = None
    employer_siret: Siret | None = None
    abroad_country: Country | None = None

    def to_domain(self) -> Statement:
        """The line as a statement."""
        return Statement(
            reference=self.reference,
            kind=Kind.CONTRACT,
            collected_on=self.collected_on,
            content=self.content(),
            enrolment_id=self.enrolment,
            nature_dsn=self.nature_dsn,
            scheme=Scheme(self.scheme) if self.scheme else None,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            planned_end_on=self.planned_end_on,
        )


class SelfEmploymentLine(_Line):
    """An activity on one's own account."""

    kind: Literal["self_employment"]
    enrolment: UUID
    starts_on: IsoDate
    ends_on: IsoDate | None = None
    siret: Siret | None = None

    def to_domain(self) -> Statement:
        """The line as a statement."""
        return Statement(
            reference=self.reference,
            kind=Kind.SELF_EMPLOYMENT,
            collected_on=self.collected_on,
            content=self.content(),
            enrolment_id=self.enrolment,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
        )


class SituationLine(_Line):
    """Where a person stood on one day."""

    kind: Literal["situation"]
    enrolment: UUID
    situation: OutcomeCode
    observed_on: IsoDate

    def to_domain(self) -> Statement:
        """The line as a statement."""
        return Statement(
            reference=self.reference,
            kind=Kind.SITUATION,
            collected_on=self.collected_on,
            content=self.content(),
            enrolment_id=self.enrolment,
            situation=self.situation,
            observed_on=self.observed_on,
        )


class SearchedNotFoundLine(_Line):
    """The reporter looked and found nothing: kept, and never proof of having no job."""

    kind: Literal["searched_not_found"]
    enrolment: UUID
    searched_on: IsoDate

    def to_domain(self) -> Statement:
        """The line as a statement."""
        return Statement(
            reference=self.reference,
            kind=Kind.SEARCHED_NOT_FOUND,
            collected_on=self.collected_on,
            content=self.content(),
            enrolment_id=self.enrolment,
            observed_on=self.searched_on,
        )


class RetractionLine(_Line):
    """What was said under this reference was never true."""

    kind: Literal["retraction"]

    def to_domain(self) -> Statement:
        """The line as a statement."""
        return Statement(
            reference=self.reference,
            kind=Kind.RETRACTION,
            collected_on=self.collected_on,
            content=self.content(),
        )


Line = Annotated[
    ContractLine | SelfEmploymentLine | SituationLine | SearchedNotFoundLine | RetractionLine,
    Field(discriminator="kind"),
]


class Period(Body):
    """First and last day of the facts that were searched."""

    from_: IsoDate = Field(alias="from")
    to: IsoDate

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.to < self.from_:
            raise PydanticCustomError("rule", "{code}", {"code": BAD_PERIOD.code, "rule": BAD_PERIOD})
        return self


class LotBody(Body):
    """What was searched to write the lines."""

    model_config = ConfigDict(json_schema_extra={"example": _LOT_EXAMPLE})

    reference: Reference
    period: Period
    population: Text
    complete_to: IsoDate = Field(
        description="The source knows every spell up to this day: until then none is presumed."
    )
    produced_on: IsoDate

    def to_domain(self) -> LotHead:
        """The head as a value."""
        return LotHead(
            reference=self.reference,
            period_from=self.period.from_,
            period_to=self.period.to,
            population=self.population,
            complete_to=self.complete_to,
            produced_on=self.produced_on,
        )


class OutcomeLot(Body):
    """The body of a push: at most 1,000 lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "lot": _LOT_EXAMPLE,
                "items": [
                    _CONTRACT_EXAMPLE,
                    {
                        "kind": "situation",
                        "reference": "FT-000124",
                        "enrolment": _ENROLMENT,
                        "situation": "further_training",
                        "observed_on": "2016-10-10",
                        "collected_on": "2016-10-12",
                    },
                    {"kind": "retraction", "reference": "FT-000077", "collected_on": "2016-10-12"},
                ],
            }
        }
    )

    lot: LotBody
    items: list[Line]


class PushAnswer(View):
    """One verdict per line, in order, and how many of each."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "results": [
                    {
                        "index": 0,
                        "reference": "FT-000123",
                        "status": "accepted",
                        "note": "corrects",
                        "waves": [
                            {"wave": 3, "counted": True, "why": "counted"},
                            {"wave": 6, "counted": False, "why": "ended_before"},
                        ],
                    }
                ],
                "summary": {"accepted": 1},
            }
        }
    )

    results: list[dict[str, Any]]
    summary: dict[str, int]


def verdicts_schema() -> dict[str, Any]:
    """The answer to a push, which is written as it was made."""
    return {"application/json": {"schema": PushAnswer.model_json_schema(mode="serialization")}}
