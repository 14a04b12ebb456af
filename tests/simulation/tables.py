"""The rows of one service's schema that the exchange needs, as values that can be copied and restored."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.events.envelope import Envelope
from shared.platform.exchange.intake_store import Held
from shared.platform.topology import PARTITIONS


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row of relay_cursor."""

    through: int = 0
    owner: UUID | None = None
    until: float = 0.0
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Leased:
    """A row of intake_lease."""

    owner: UUID | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Effect:
    """What a handler wrote for one event."""

    source: str
    partition: int
    seq: int
    id: UUID
    aggregate: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A row of parked_event."""

    envelope: Envelope
    reason: str


def _nothing_said() -> dict[int, tuple[int, UUID | None]]:
    return dict.fromkeys(range(PARTITIONS), (0, None))


def _empty_log() -> dict[int, list[Envelope]]:
    return {number: [] for number in range(PARTITIONS)}


def _cursors() -> dict[int, Cursor]:
    return dict.fromkeys(range(PARTITIONS), Cursor())


@dataclass
class Tables:
    """One schema; values in it are never changed in place, except the lists of the log."""

    epochs: tuple[UUID, ...]
    """Every incarnation of the log, the present one last."""
    heads: dict[int, tuple[int, UUID | None]] = field(default_factory=_nothing_said)
    log: dict[int, list[Envelope]] = field(default_factory=_empty_log)
    heard: dict[tuple[str, int], int] = field(default_factory=dict)
    cursors: dict[int, Cursor] = field(default_factory=_cursors)
    relay_halted: str | None = None
    positions: dict[tuple[str, int], Held] = field(default_factory=dict)
    effects: dict[UUID, Effect] = field(default_factory=dict)
    parked: dict[tuple[str, int, int], Parked] = field(default_factory=dict)
    digests: dict[tuple[str, int, datetime], tuple[int, int]] = field(default_factory=dict)
    halted: dict[str, str] = field(default_factory=dict)
    members: dict[tuple[str, UUID], float] = field(default_factory=dict)
    leases: dict[str, Leased] = field(default_factory=dict)

    @property
    def epoch(self) -> UUID:
        """The present incarnation."""
        return self.epochs[-1]

    def copy(self) -> "Tables":
        """As a backup has it."""
        copied: dict[str, Any] = {
            name: dict(value) for name, value in vars(self).items() if isinstance(value, dict)
        }
        copied["log"] = {number: list(rows) for number, rows in self.log.items()}
        return replace(self, **copied)

    def rows(self, partition: int, *, after: int) -> list[Envelope]:
        """Events of the log as they are read: each says the epoch of today."""
        return [
            row if row.epoch == self.epoch else replace(row, epoch=self.epoch)
            for row in self.log[partition]
            if row.sequence > after
        ]

    def strangers(self, places: list[tuple[int, int, UUID]]) -> tuple[int, ...]:
        """As `event_log.strangers`: where this log has another event at that number, or none yet."""
        return tuple(
            sorted(
                partition
                for partition, seq, id_ in places
                if seq > self.heads[partition][0]
                or any(row.sequence == seq and row.id != id_ for row in self.log[partition])
            )
        )

    def is_parked(self, source: str, aggregate: str) -> bool:
        """Whether an event of this aggregate waits for a person."""
        return any(
            key[0] == source and row.envelope.aggregate_id == aggregate for key, row in self.parked.items()
        )
