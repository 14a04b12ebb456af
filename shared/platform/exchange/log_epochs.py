"""The incarnations of a speaker's log: a log that was set back begins a new one, at a recorded cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.watermark import named

RESTORED = "restored"
"""Reason of an epoch that began because the database was set back to an earlier point."""


@dataclass(frozen=True)
class LogEpoch:
    """One incarnation of a log, and up to which number of each partition it has the events of the one before."""

    epoch: UUID
    reason: str
    cuts: dict[int, int]

    def to_content(self) -> dict[str, Any]:
        """As it travels."""
        return {"epoch": str(self.epoch), "reason": self.reason, "cuts": named(self.cuts)}

    @classmethod
    def from_content(cls, content: Any) -> "LogEpoch":
        """Read it back. Raises ValueError, KeyError, TypeError or AttributeError on anything else."""
        cuts = {int(partition): int(seq) for partition, seq in content["cuts"].items()}
        return cls(UUID(content["epoch"]), str(content["reason"]), cuts)


async def log_epochs(connection: AsyncConnection, *, service: str) -> list[LogEpoch]:
    """Every incarnation of this log, the first one first."""
    rows = await connection.execute(
        text(
            "SELECT e.epoch, e.reason, c.partition, c.last_seq"  # noqa: S608 - our own name
            f" FROM {service}.log_epoch e LEFT JOIN {service}.log_cut c USING (epoch)"
            " ORDER BY e.began_at, e.epoch, c.partition"
        )
    )
    found: dict[UUID, LogEpoch] = {}
    for row in rows:
        epoch = found.setdefault(row.epoch, LogEpoch(row.epoch, row.reason, {}))
        if row.partition is not None:
            epoch.cuts[row.partition] = row.last_seq
    return list(found.values())


def cut_after(epochs: Sequence[LogEpoch], *, epoch: UUID, partition: int) -> int | None:
    """Up to which number a follower of `epoch` has the events of the newest one; None when nothing was cut since.

    An incarnation that the log itself has forgotten was cut by the newest one.
    """
    known = [one.epoch for one in epochs]
    later = epochs[known.index(epoch) + 1 :] if epoch in known else epochs[-1:]
    return min((one.cuts[partition] for one in later if partition in one.cuts), default=None)
