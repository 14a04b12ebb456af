"""What really happened, by the simulation's own books: every event ever committed, and how far each listener came."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.envelope import Envelope

Kind = Literal["plain", "refused", "unknown", "bad", "unwanted"]
Place = tuple[str, int]
"""A speaker or source, and a partition."""


@dataclass(frozen=True, slots=True)
class Event:
    """One committed event, and what a listener has to make of it."""

    id: UUID
    speaker: str
    partition: int
    seq: int
    previous_id: UUID | None
    aggregate: str
    kind: Kind
    hour: datetime


@dataclass
class Truth:
    """Grows with every commit; nothing of it goes back when a database does."""

    events: dict[UUID, Event] = field(default_factory=dict)
    forgotten: set[UUID] = field(default_factory=set)
    """Events that a database which was set back has lost."""
    gone_back: set[str] = field(default_factory=set)
    """Speakers whose log is not the one it was."""
    reached: defaultdict[tuple[str, str, int], int] = field(default_factory=lambda: defaultdict(int))
    """Highest number ever committed by listener, source and partition."""
    confirmed: defaultdict[Place, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Events that a broker has confirmed since the cursor of their partition last went back."""
    acknowledged: int = 0
    unknown: int = 0

    def learn(self, envelope: Envelope, *, kind: Kind) -> None:
        """An event was committed."""
        self.events[envelope.id] = Event(
            envelope.id,
            envelope.speaker,
            envelope.partition,
            envelope.sequence,
            envelope.previous_id,
            envelope.aggregate_id,
            kind,
            envelope.recorded_at.replace(minute=0, second=0, microsecond=0),
        )

    def between(self, newest: UUID | None, *, down_to: int) -> list[Event]:
        """The events that lead to `newest`, by their own account of predecessors, after a number; newest first."""
        found: list[Event] = []
        while newest is not None and (event := self.events[newest]).seq > down_to:
            found.append(event)
            newest = event.previous_id
        return found
