"""Bodies of decisions and of acts on labels."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from services.labelling.domain.decisions import Decision, Outcome, Reason
from services.labelling.domain.labels import Change, ChangeKind
from services.labelling.schemas.words import Code
from shared.platform.edge.fields import Body, IsoDate, LongText, Reference, Siren, Text

_EXAMPLE: dict[str, Any] = {
    "holder": "732829320",
    "application": "FORM-001",
    "outcome": "refused",
    "decided_on": "2016-02-03",
    "committee": "Jury national",
    "reasons": [{"code": "weak_needs", "text": "Les besoins nommés ne concernent pas le territoire."}],
}


class ReasonBody(Body):
    """Why: a code for counting, a text for the holder."""

    code: Code
    text: Annotated[LongText, Field(min_length=1)]


class DecisionBody(Body):
    """A committee's decision on one application."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    holder: Siren
    application: Reference
    outcome: Outcome
    decided_on: IsoDate
    committee: Text
    reasons: Annotated[tuple[ReasonBody, ...], Field(max_length=20)] = ()

    def to_domain(self, reference: str) -> Decision:
        """The decision of that reference."""
        return Decision(
            reference=reference,
            holder=self.holder,
            application=self.application,
            outcome=self.outcome,
            decided_on=self.decided_on,
            committee=self.committee,
            reasons=tuple(Reason(reason.code, reason.text) for reason in self.reasons),
        )


class DecisionItem(DecisionBody):
    """A decision of a lot."""

    model_config = ConfigDict(json_schema_extra={"example": {"reference": "DEC-001", **_EXAMPLE}})

    reference: Reference


class DecisionLot(Body):
    """Up to 1,000 decisions."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [{"reference": "DEC-001", **_EXAMPLE}]}}
    )

    items: list[DecisionItem]


class LabelChangeBody(Body):
    """A suspension, a reinstatement or a revocation."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "suspended",
                "effective_on": "2016-09-01",
                "reason": "Suivi à six mois non assuré.",
            }
        }
    )

    kind: ChangeKind
    effective_on: IsoDate
    reason: Annotated[LongText, Field(min_length=1)]

    def to_domain(self, reference: str) -> Change:
        """The act of that reference."""
        return Change(reference, kind=self.kind, effective_on=self.effective_on, reason=self.reason)
