"""Which days of the log hold which numbers, so that a question touches these days and not every day there is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

TODAY = "CAST(statement_timestamp() AT TIME ZONE 'UTC' AS date)"
"""The day of an event that is appended now: the database's own, in UTC."""

DAYS_AT_ONCE = 8
"""Most days that one question touches; what stands in later ones is found by the next question."""


@dataclass(frozen=True)
class Dropped:
    """A day of a partition that is in the archive only."""

    file: str
    first_seq: int
    last_seq: int


@dataclass(frozen=True)
class Stretch:
    """Where the next events of a partition stand."""

    partition: int
    after: int
    head: int
    epoch: UUID
    days: tuple[date, ...]
    """The next event is in the first of them, those that follow it in these or in later ones."""
    dropped: Dropped | None
    """Set when the first of the days is in the archive only."""


# Both look-ups walk the primary key of log_day from the place they want; a day on which nothing was said has the
# same first number as the next one, so the latest of equals is the one that holds it.
_LOOK = """
SELECT c.partition, c.after, n.last_seq AS head, near.days, a.file, a.first_seq, a.last_seq,
    (SELECT epoch FROM {schema}.log_epoch ORDER BY began_at DESC LIMIT 1) AS epoch
FROM unnest(CAST(:partitions AS smallint[]), CAST(:afters AS bigint[])) AS c(partition, after)
JOIN {schema}.event_counter n ON n.partition = c.partition AND n.last_seq > c.after
LEFT JOIN LATERAL (
    SELECT d.first_seq, d.day FROM {schema}.log_day d
    WHERE d.partition = c.partition AND d.first_seq <= c.after + 1
    ORDER BY d.first_seq DESC, d.day DESC LIMIT 1
) low ON true
LEFT JOIN LATERAL (
    SELECT array_agg(day ORDER BY first_seq, day) AS days FROM (
        SELECT d.first_seq, d.day FROM {schema}.log_day d
        WHERE d.partition = c.partition AND (d.first_seq, d.day) >= (low.first_seq, low.day)
            AND d.first_seq <= c.after + :count
        ORDER BY d.first_seq, d.day LIMIT :days
    ) d
) near ON true
LEFT JOIN {schema}.log_archive a
    ON a.day = low.day AND a.partition = c.partition AND a.dropped_at IS NOT NULL
ORDER BY c.partition
"""


class DayMissing(Exception):
    """Nobody wrote down on which day the next event of a partition stands: that is no end of the log."""


async def look(
    connection: AsyncConnection, after: Mapping[int, int], *, count: int, service: str
) -> list[Stretch]:
    """Where the next `count` events of each partition stand; a partition without a next event is left out.

    Raises DayMissing.
    """
    rows = await connection.execute(
        text(_LOOK.format(schema=service)),
        {
            "partitions": list(after),
            "afters": list(after.values()),
            "count": count,
            "days": DAYS_AT_ONCE,
        },
    )
    found = rows.all()
    if missing := [row.partition for row in found if row.days is None]:
        raise DayMissing(f"{service}: partitions {missing}")
    return [
        Stretch(
            row.partition,
            row.after,
            row.head,
            row.epoch,
            tuple(row.days),
            Dropped(row.file, row.first_seq, row.last_seq) if row.file else None,
        )
        for row in found
    ]


def nearest(stretches: Iterable[Stretch]) -> list[date]:
    """The earliest days of several partitions, few enough for one question."""
    return sorted({day for stretch in stretches for day in stretch.days})[:DAYS_AT_ONCE]


def within(days: Iterable[date]) -> str:
    """A condition on the day, written out: the planner leaves the other days alone, locks and all."""
    written = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(days))
    return f"day IN ({written})" if written else "false"
