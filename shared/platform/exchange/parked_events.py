"""What a listener has set aside, page by page: where, what, why and since when; never what the event says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform.event_log import Position


@dataclass(frozen=True)
class ParkedEvent:
    """One parked event without its data."""

    position: str
    type: str
    aggregate_id: str
    reason: str
    parked_at: datetime
    tries: int
    tried_at: datetime | None


_PAGE = """
SELECT source, partition, seq, type, aggregate_id, reason, parked_at, tries, tried_at FROM {schema}.parked_event
WHERE (source, partition, seq) > (:source, CAST(:partition AS smallint), CAST(:seq AS bigint))
    AND (CAST(:only AS text) IS NULL OR source = :only)
    AND (CAST(:aggregate AS text) IS NULL OR aggregate_id = :aggregate)
ORDER BY source, partition, seq LIMIT :limit
"""
START = Position("", 0, 0)


async def page(
    connection: AsyncConnection,
    service: str,
    *,
    limit: int,
    after: Position = START,
    source: str | None = None,
    aggregate: str | None = None,
) -> list[ParkedEvent]:
    """The next parked events after a position, of one source or one aggregate if given."""
    values: dict[str, Any] = {
        "source": after.service,
        "partition": after.partition,
        "seq": after.seq,
        "only": source,
        "aggregate": aggregate,
        "limit": limit,
    }
    rows = await connection.execute(text(_PAGE.format(schema=service)), values)
    return [
        ParkedEvent(
            str(Position(row.source, row.partition, row.seq)),
            row.type,
            row.aggregate_id,
            row.reason,
            row.parked_at,
            row.tries,
            row.tried_at,
        )
        for row in rows
    ]
