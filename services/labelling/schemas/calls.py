"""Bodies and views of calls and criteria sets."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from services.labelling.domain.calls import LABEL_MONTHS, Call, Intake
from services.labelling.domain.criteria import Kind, Operator
from services.labelling.schemas.words import Words
from shared.platform.edge.fields import Body, IsoDate, Reference, Text, View

CriteriaSetId = Annotated[
    str,
    StringConstraints(max_length=60, pattern=r"^[a-z][a-z0-9-]*@[1-9][0-9]*$", strict=True),
    Field(examples=["gen-2016@1"]),
]


class IntakeBody(Body):
    """A cut-off: first and last day on which applications arrive."""

    reference: Reference
    opens_on: IsoDate
    closes_on: IsoDate


class CallBody(Body):
    """A call for applications."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "title": "Premier appel",
                "scheme": "gen",
                "opens_on": "2015-09-14",
                "label_months": 36,
                "criteria_set": "gen-2016@1",
                "intakes": [{"reference": "releve-1", "opens_on": "2015-09-14", "closes_on": "2015-10-19"}],
            }
        }
    )

    title: Text
    scheme: Reference
    opens_on: IsoDate
    label_months: Annotated[int, Field(strict=True, ge=1, le=120)] = LABEL_MONTHS
    criteria_set: CriteriaSetId
    intakes: Annotated[list[IntakeBody], Field(min_length=1, max_length=50)]
    closed_to_new_labels_on: IsoDate | None = None
    closed_to_new_sessions_on: IsoDate | None = None

    def to_domain(self, reference: str) -> Call:
        """The call of that reference."""
        return Call(
            reference=reference,
            title=self.title,
            scheme=self.scheme,
            opens_on=self.opens_on,
            criteria_set=self.criteria_set,
            intakes=tuple(Intake(**intake.model_dump()) for intake in self.intakes),
            label_months=self.label_months,
            closed_to_new_labels_on=self.closed_to_new_labels_on,
            closed_to_new_sessions_on=self.closed_to_new_sessions_on,
        )


class IntakeView(View):
    """A cut-off of a call."""

    reference: str
    opens_on: date
    closes_on: date


class CallView(View):
    """A call as it stands."""

    reference: str
    title: str
    scheme: str
    opens_on: date
    label_months: int
    criteria_set: str
    intakes: list[IntakeView]
    closed_to_new_labels_on: date | None = None
    closed_to_new_sessions_on: date | None = None
    version: int


class CriterionView(View):
    """One criterion: a closed operator over one declared fact."""

    id: str
    kind: Kind
    text: Words
    fact: str
    operator: Operator
    threshold: int | list[str] | None = None
    source: str


class CriteriaSetView(View):
    """A version of the criteria."""

    id: str
    title: Words
    criteria: list[CriterionView]
