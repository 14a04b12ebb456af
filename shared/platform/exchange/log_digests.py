"""What a log holds, hour by hour: how many events, and the sum of their ids' last 60 bits, which knows no order.

A listener keeps the same of what it applied (`intake_store.digests_of`): an event that was applied twice, not at all
or in another's place shows in the hour in which it was recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LONGEST = timedelta(days=7)
"""Longest stretch of one question: the log has no index by instant, its days are read whole."""


@dataclass(frozen=True)
class HourDigest:
    """One hour of one partition."""

    partition: int
    hour: datetime
    events: int
    digest: int
    last_seq: int

    def to_content(self) -> dict[str, Any]:
        """As it travels; the digest is a text, since readers of JSON may not know numbers that large."""
        return {
            "partition": self.partition,
            "hour": self.hour.isoformat(),
            "events": self.events,
            "digest": str(self.digest),
            "last_seq": self.last_seq,
        }


@dataclass(frozen=True)
class LogDigests:
    """The hours asked for, and from when on the log still has everything."""

    hours: Sequence[HourDigest]
    complete_from: datetime | None = None
    """None when nothing was ever dropped. What is earlier is in the archive, which is verified when it is written."""

    def to_content(self) -> dict[str, Any]:
        """As it travels."""
        complete_from = None if self.complete_from is None else self.complete_from.isoformat()
        return {"complete_from": complete_from, "hours": [one.to_content() for one in self.hours]}

    @classmethod
    def from_content(cls, content: Any) -> "LogDigests":
        """Read it back. Raises ValueError, KeyError or TypeError on anything else."""
        hours = [
            HourDigest(
                partition=int(one["partition"]),
                hour=datetime.fromisoformat(one["hour"]),
                events=int(one["events"]),
                digest=int(one["digest"]),
                last_seq=int(one["last_seq"]),
            )
            for one in content["hours"]
        ]
        complete_from = content["complete_from"]
        return cls(hours, None if complete_from is None else datetime.fromisoformat(complete_from))


# The day of an event is that of its transaction or a later one of its partition: one day more on either side is read.
_DIGESTS = """
SELECT partition, date_trunc('hour', recorded_at, 'UTC') AS hour, count(*) AS events, max(seq) AS last_seq,
    sum(CAST(CAST('x' || right(replace(CAST(event_id AS text), '-', ''), 15) AS bit(60)) AS bigint)) AS digest
FROM {schema}.event_log
WHERE day BETWEEN CAST(:since AT TIME ZONE 'UTC' AS date) - 1 AND CAST(:until AT TIME ZONE 'UTC' AS date) + 1
    AND recorded_at >= :since AND recorded_at < :until
GROUP BY 1, 2 ORDER BY 1, 2
"""
# A transaction that spans midnight leaves its last events in the first hour after the day that was dropped.
_COMPLETE_FROM = """
SELECT (CAST(max(day) + 1 AS timestamp) AT TIME ZONE 'UTC') + interval '1 hour'
FROM {schema}.log_archive WHERE dropped_at IS NOT NULL
"""


async def log_digests(
    connection: AsyncConnection, *, service: str, since: datetime, until: datetime
) -> LogDigests:
    """Per partition and hour of what was recorded from `since` to before `until`."""
    values = {"since": since, "until": until}
    rows = await connection.execute(text(_DIGESTS.format(schema=service)), values)
    hours = [HourDigest(row.partition, row.hour, row.events, int(row.digest), row.last_seq) for row in rows]
    complete = await connection.execute(text(_COMPLETE_FROM.format(schema=service)))
    return LogDigests(hours, complete.scalar_one())
