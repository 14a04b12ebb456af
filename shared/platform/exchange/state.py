"""How the exchange of one service stands, read in a few statements, the ages by the database's clock.

A speaker announces how far its log reaches; the worker keeps the announcement, and a flag: an announced number that
was not reached yet, and when it was announced. What is behind a flag is at least as old as the flag.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.watermark import Watermark
from shared.platform.database import Transaction
from shared.platform.exchange.progress import Listening, Relaying
from shared.platform.log_days import look, nearest, within
from shared.platform.topology import HEARS, durables


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """How a listener stands with one source."""

    source: str
    listening: Listening
    oldest: float
    """Age of the oldest event that was announced and is not applied; 0 when there is none."""
    parked: int
    oldest_parked: float
    leases: int
    """Durables that some replica pulls from."""


@dataclass(frozen=True, kw_only=True)
class RelayState:
    """How a service stands with publishing its log."""

    relaying: Relaying
    leases: int
    """Partitions that some replica publishes."""


@dataclass(frozen=True, kw_only=True)
class PartitionState:
    """How far one partition of a source was applied and announced."""

    source: str
    partition: int
    applied: int
    announced: int | None
    moved: float | None
    """Seconds since the position moved."""
    last_id: UUID | None


_HEARD = """
INSERT INTO {schema}.intake_watermark AS w (source, partition, head, heard_at, flag, flagged_at)
SELECT :source, a.partition, a.head, n.heard_at, a.head, n.heard_at
FROM unnest(CAST(:partitions AS smallint[]), CAST(:heads AS bigint[])) AS a(partition, head),
     (SELECT clock_timestamp() - make_interval(secs => :age) AS heard_at) AS n
ORDER BY a.partition
ON CONFLICT (source, partition) DO UPDATE SET
    head = excluded.head, heard_at = excluded.heard_at,
    flag = CASE WHEN {reached} THEN excluded.head ELSE w.flag END,
    flagged_at = CASE WHEN {reached} THEN excluded.heard_at ELSE w.flagged_at END
WHERE w.heard_at < excluded.heard_at
"""
# A log that was set back announces less than it did: the old flag would never be reached.
_REACHED = """(w.flag > excluded.head OR w.flag <= coalesce((SELECT p.last_seq FROM {schema}.intake_position p
    WHERE p.source = w.source AND p.partition = w.partition), 0))"""
_CONNECTED = "UPDATE {schema}.relay_state SET connected_at = clock_timestamp()"
_SOURCES = """
WITH marks AS (
    SELECT w.source, sum(greatest(w.head - coalesce(p.last_seq, 0), 0))::bigint AS behind,
        max({since_flag}) FILTER (WHERE {unreached}) AS oldest,
        max(least({since_flag}, coalesce({since_move}, 'Infinity'))) FILTER (WHERE {unreached}) AS still,
        min({since_heard}) AS heard
    FROM {schema}.intake_watermark w LEFT JOIN {schema}.intake_position p USING (source, partition)
    GROUP BY w.source
), moves AS (
    SELECT source, min({since_move}) AS moved FROM {schema}.intake_position p GROUP BY source
), aside AS (
    SELECT source, count(*) AS parked, max({since_parked}) AS oldest_parked
    FROM {schema}.parked_event GROUP BY source
), pulled AS (
    SELECT d.source, count(*) AS leases
    FROM {schema}.intake_lease l JOIN unnest(CAST(:durables AS text[]), CAST(:durable_sources AS text[]))
        AS d(durable, source) USING (durable)
    WHERE l.leased_until > clock_timestamp() GROUP BY d.source
)
SELECT s.source, coalesce(behind, 0) AS behind, oldest, still, heard, moved, halted, coalesce(parked, 0) AS parked,
    oldest_parked, coalesce(leases, 0) AS leases
FROM unnest(CAST(:sources AS text[])) AS s(source)
LEFT JOIN marks USING (source) LEFT JOIN moves USING (source) LEFT JOIN aside USING (source)
LEFT JOIN pulled USING (source) LEFT JOIN {schema}.intake_source i USING (source)
ORDER BY s.source
"""
_PARTITIONS = """
SELECT source, partition, coalesce(p.last_seq, 0) AS applied, w.head AS announced, {since_move} AS moved, p.last_id
FROM {schema}.intake_position p FULL JOIN {schema}.intake_watermark w USING (source, partition)
ORDER BY source, partition
"""
_RELAY = """
SELECT sum(c.last_seq - r.published_through)::bigint AS unpublished,
    jsonb_object_agg(r.partition, r.published_through) FILTER (WHERE c.last_seq > r.published_through) AS waiting,
    min({since_published}) AS moved, count(*) FILTER (WHERE r.leased_until > clock_timestamp()) AS leases,
    (SELECT {since_connected} FROM {schema}.relay_state) AS connected,
    (SELECT halted FROM {schema}.relay_state) AS halted
FROM {schema}.relay_cursor r JOIN {schema}.event_counter c USING (partition)
"""
# Asked only while something waits, and only of the days on which that stands: a log may have hundreds.
_OLDEST = """
SELECT max({since_recorded})
FROM unnest(CAST(:partitions AS smallint[]), CAST(:afters AS bigint[])) AS w(partition, after)
JOIN {schema}.event_log l ON {days} AND l.partition = w.partition AND l.seq = w.after + 1
"""


def _since(column: str) -> str:
    return f"CAST(EXTRACT(epoch FROM clock_timestamp() - {column}) AS double precision)"


_PARTS = {
    "unreached": "w.flag > coalesce(p.last_seq, 0)",
    "since_flag": _since("w.flagged_at"),
    "since_move": _since("p.moved_at"),
    "since_heard": _since("w.heard_at"),
    "since_parked": _since("parked_at"),
    "since_recorded": _since("l.recorded_at"),
    "since_published": _since("r.moved_at"),
    "since_connected": _since("connected_at"),
}


async def keep_watermark(
    tx: Transaction, service: str, *, source: str, watermark: Watermark, age: float
) -> None:
    """Keep what a source announced so many seconds ago, and plant the flag anew once it was reached."""
    statement = _HEARD.format(schema=service, reached=_REACHED.format(schema=service))
    values = {"partitions": list(watermark.heads), "heads": list(watermark.heads.values())}
    await tx.execute(text(statement), values | {"source": source, "age": age})


async def keep_connected(tx: Transaction, service: str) -> None:
    """A relay of this service has a connection to the broker now."""
    await tx.execute(text(_CONNECTED.format(schema=service)))


async def sources_of(connection: AsyncConnection, service: str) -> list[SourceState]:
    """Every source that a service hears."""
    mine = list(durables(service))
    values = {
        "sources": list(HEARS[service]),
        "durables": [durable.name for durable in mine],
        "durable_sources": [durable.speaker for durable in mine],
    }
    rows = await connection.execute(text(_SOURCES.format(schema=service, **_PARTS)), values)
    return [
        SourceState(
            source=row.source,
            listening=Listening(
                behind=row.behind, moved=row.moved, still=row.still, heard=row.heard, halted=row.halted
            ),
            oldest=row.oldest or 0.0,
            parked=row.parked,
            oldest_parked=row.oldest_parked or 0.0,
            leases=row.leases,
        )
        for row in rows
    ]


async def relay_of(connection: AsyncConnection, service: str) -> RelayState:
    """The relay of a service."""
    row = (await connection.execute(text(_RELAY.format(schema=service, **_PARTS)))).one()
    waiting = {int(partition): after for partition, after in (row.waiting or {}).items()}
    relaying = Relaying(
        unpublished=row.unpublished,
        oldest=await _oldest(connection, service, waiting=waiting) if waiting else None,
        moved=row.moved,
        connected=row.connected,
        halted=row.halted,
    )
    return RelayState(relaying=relaying, leases=row.leases)


async def _oldest(connection: AsyncConnection, service: str, *, waiting: dict[int, int]) -> float | None:
    """Age of the oldest event after these places; None when the tables hold none of them any more."""
    days = nearest(await look(connection, waiting, count=1, service=service))
    statement = _OLDEST.format(schema=service, days=within(days), **_PARTS)
    values = {"partitions": list(waiting), "afters": list(waiting.values())}
    found: float | None = (await connection.execute(text(statement), values)).scalar_one()
    return found


async def partitions_of(connection: AsyncConnection, service: str) -> list[PartitionState]:
    """Every partition of which something was applied or announced."""
    rows = await connection.execute(text(_PARTITIONS.format(schema=service, **_PARTS)))
    return [
        PartitionState(
            source=row.source,
            partition=row.partition,
            applied=row.applied,
            announced=row.announced,
            moved=row.moved,
            last_id=row.last_id,
        )
        for row in rows
    ]


async def log_bytes(connection: AsyncConnection, service: str) -> int:
    """What the log of a service takes on the disk, indexes included."""
    asked = text("SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree(:log)")
    return int((await connection.execute(asked, {"log": f"{service}.event_log"})).scalar_one())
