"""How far each listener says it has heard this log: what all have passed may be archived, and need not go out again."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform.database import Transaction
from shared.platform.topology import HEARS


@dataclass(frozen=True)
class Report:
    """What a listener last said."""

    listener: str
    behind: int
    reported: float | None
    """Seconds since; None when it never did."""


_KEEP = """
INSERT INTO {schema}.heard_position AS h (listener, partition, last_seq, reported_at)
SELECT :listener, s.*, now() FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[])) AS s
ORDER BY 2
ON CONFLICT (listener, partition) DO UPDATE SET last_seq = excluded.last_seq, reported_at = now()
"""


async def keep(tx: Transaction, positions: Mapping[int, int], *, listener: str, service: str) -> None:
    """Replace what a listener said before, partition by partition; a rebuilt one may have gone back."""
    if positions:
        await tx.execute(
            text(_KEEP.format(schema=service)),
            {"listener": listener, "partitions": list(positions), "seqs": list(positions.values())},
        )


_REPORTS = """
SELECT l.listener, sum(greatest(c.last_seq - coalesce(h.last_seq, 0), 0))::bigint AS behind,
    CAST(min(EXTRACT(epoch FROM clock_timestamp() - h.reported_at)) AS double precision) AS reported
FROM unnest(CAST(:listeners AS text[])) AS l(listener) CROSS JOIN {schema}.event_counter c
LEFT JOIN {schema}.heard_position h ON h.listener = l.listener AND h.partition = c.partition
GROUP BY l.listener ORDER BY l.listener
"""


async def reports(connection: AsyncConnection, service: str) -> list[Report]:
    """How far each listener of a service was behind its log when it last reported."""
    listeners = [listener for listener, sources in HEARS.items() if service in sources]
    rows = await connection.execute(text(_REPORTS.format(schema=service)), {"listeners": listeners})
    return [Report(row.listener, row.behind, row.reported) for row in rows]
