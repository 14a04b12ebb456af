"""Bodies of what follows an entry: ends and certifications."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from services.enrolment.domain.certifications import DeclaredResult
from services.enrolment.domain.ends import DeclaredEnd
from services.enrolment.schemas.texts import Code, Reference, RegisterEntry
from shared.platform.edge.fields import Body, Count, IsoDate, Level

_END: dict[str, Any] = {"kind": "abandoned", "ended_on": "2016-06-14", "reason": "job_found"}
_ITEM = {"reference": "INS-00042", **_END}


class EndBody(Body):
    """How an enrolment ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_END]})

    kind: Literal["completed", "abandoned", "transferred", "interrupted", "cancelled"] = Field(
        description="`interrupted` is the provider's doing; `cancelled` is before the entry took effect."
    )
    ended_on: IsoDate
    reason: (
        Literal[
            "job_found", "health", "family", "moved", "financial", "training_unsuitable", "other", "unknown"
        ]
        | None
    ) = Field(default=None, description="Of an abandonment; unknown unless given.")
    hours_attended_inperson: Count | None = None
    hours_attended_online: Count | None = None
    continues_in: Reference | None = Field(
        default=None, description="Of a transfer: the reference of the enrolment that continues it."
    )

    def to_domain(self, reference: str) -> DeclaredEnd:
        """The declaration for an enrolment."""
        return DeclaredEnd(
            reference=reference,
            kind=self.kind,
            ended_on=self.ended_on,
            reason=self.reason,
            hours_attended_inperson=self.hours_attended_inperson,
            hours_attended_online=self.hours_attended_online,
            continues_in=self.continues_in,
        )


class EndItem(EndBody):
    """An end in a bulk call; `reference` is the enrolment's."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM]})

    reference: Reference


class EndLot(Body):
    """Up to 1,000 ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ITEM]}]})

    items: list[EndItem]


class CertificationBody(Body):
    """What a jury decided; register, kind and level are three facts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "register_entry": "RNCP34126",
                    "kind": "titre_professionnel",
                    "level": 5,
                    "result": "full",
                    "decided_on": "2016-11-04",
                }
            ]
        }
    )

    register_entry: RegisterEntry | None = None
    kind: Code
    level: Level | None = None
    result: Literal["full", "partial", "failed"]
    decided_on: IsoDate

    def to_domain(self, reference: str) -> DeclaredResult:
        """The declaration under the holder's reference of the result."""
        return DeclaredResult(
            reference=reference,
            register_entry=self.register_entry,
            kind=self.kind,
            level=self.level,
            result=self.result,
            decided_on=self.decided_on,
        )
