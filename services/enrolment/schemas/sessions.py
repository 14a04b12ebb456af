"""Bodies and views of sessions."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from services.enrolment.domain.sessions import DeclaredSession
from services.enrolment.schemas.texts import Reference
from shared.platform.edge.fields import Body, Count, Flag, IsoDate, View

_EXAMPLE: dict[str, Any] = {
    "training": "2016-PARIS-042",
    "starts_on": "2016-03-01",
    "planned_end_on": "2016-09-30",
    "capacity": 15,
}
_ITEM_EXAMPLE = {"reference": "S-2016-042-1", **_EXAMPLE}


class SessionBody(Body):
    """A dated run of one of the holder's trainings."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    training: Reference = Field(
        description="The holder's own reference of the training: that of its application."
    )
    starts_on: IsoDate = Field(description="The day it really starts; the label must cover it.")
    planned_end_on: IsoDate
    capacity: Count | None = None
    rolling_entry: Flag = Field(
        default=False, description="Learners enter at any time: each entry is judged."
    )
    cancelled_on: IsoDate | None = Field(
        default=None, description="Set when the session will not take place."
    )

    def to_domain(self, reference: str) -> DeclaredSession:
        """The declaration under the holder's reference."""
        return DeclaredSession(
            reference=reference,
            training=self.training,
            starts_on=self.starts_on,
            planned_end_on=self.planned_end_on,
            capacity=self.capacity,
            rolling_entry=self.rolling_entry,
            cancelled_on=self.cancelled_on,
        )


class SessionItem(SessionBody):
    """A session in a bulk call."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM_EXAMPLE]})

    reference: Reference


class SessionLot(Body):
    """Up to 1,000 sessions."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ITEM_EXAMPLE]}]})

    items: list[SessionItem]


class SessionView(View):
    """A session as it is held."""

    reference: str
    session_id: UUID
    training: str
    training_id: UUID
    starts_on: date
    planned_end_on: date
    capacity: int | None
    rolling_entry: bool
    cancelled_on: date | None
    coverage: str = Field(description="covered, waiting_for_label or not_covered")
    version: int
    verdict: str | None = Field(default=None, description="What the write made of it; empty on reads.")


class SessionPage(View):
    """A page of sessions, by reference."""

    items: list[SessionView]
    next: str | None = Field(description="Give it as `after` for the next page; empty on the last.")


class SessionDigest(View):
    """What is held of a session, to compare with one's own books."""

    reference: str
    count: int
    sha256: str
