"""What a reporter reads back: its lots and its observations."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from shared.platform.edge.fields import View


class PeriodView(View):
    """First and last day searched."""

    from_: date = Field(serialization_alias="from")
    to: date


class LotView(View):
    """A lot with the verdicts of its latest sending."""

    reference: str
    period: PeriodView
    population: str
    complete_to: date
    produced_on: date
    received_at: datetime
    sendings: int
    counts: dict[str, int]


class ObservationView(View):
    """What is held under one reference."""

    reference: str
    enrolment: UUID | None
    kind: str
    outcome: str | None
    durable: bool | None
    content: dict[str, Any]
    collected_on: date
    lot: str
    revision: int
    waiting: bool
    """Its exit is not heard yet, or was withdrawn."""
    recorded_at: datetime


class ObservationPage(View):
    """A page of one's own observations, by reference."""

    items: list[ObservationView]
    next: str | None
