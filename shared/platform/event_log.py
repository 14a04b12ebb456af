"""The speaker's log: events appended in the business transaction, numbered without gaps per partition."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import Envelope, Fact
from shared.platform.topology import PARTITIONS

MAX_EVENTS = 500
"""Most events of one transaction: the counter rows stay locked for about one flush."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in a speaker's log, written `enrolment/07/1234`."""

    service: str
    partition: int
    seq: int

    def __str__(self) -> str:
        return f"{self.service}/{self.partition:02d}/{self.seq}"


class TooManyEvents(Exception):
    """A transaction spoke more than MAX_EVENTS events: its caller must work in smaller batches."""


def partition_of(aggregate_id: str) -> int:
    """The partition of an aggregate, 0 to 15, for ever; CRC-32 because every language has it."""
    return zlib.crc32(aggregate_id.encode()) % PARTITIONS


# One round trip: lock the counters needed in partition order (no deadlock between bulk calls), draw the
# numbers, insert. Run as the last statement before COMMIT, so the order of numbers is the order of commits.
_APPEND = """
WITH spoken AS (
    SELECT * FROM unnest(
        CAST(:partitions AS smallint[]), CAST(:types AS text[]), CAST(:aggregates AS text[]),
        CAST(:versions AS bigint[]), CAST(:data AS text[]), CAST(:traceparents AS text[])
    ) WITH ORDINALITY AS s(partition, type, aggregate_id, aggregate_version, data, traceparent, place)
), wanted AS (
    SELECT partition, count(*) AS events FROM spoken GROUP BY partition
), locked AS MATERIALIZED (
    SELECT c.partition FROM {schema}.event_counter c JOIN wanted USING (partition)
    ORDER BY c.partition FOR UPDATE OF c
), drawn AS (
    UPDATE {schema}.event_counter c SET last_seq = c.last_seq + w.events
    FROM wanted w JOIN locked l USING (partition) WHERE c.partition = w.partition
    RETURNING c.partition, c.last_seq, w.events
), logged AS (
    INSERT INTO {schema}.event_log
        (partition, seq, type, aggregate_id, aggregate_version, data, traceparent)
    SELECT s.partition,
           d.last_seq - d.events + row_number() OVER (PARTITION BY s.partition ORDER BY s.place),
           s.type, s.aggregate_id, s.aggregate_version, CAST(s.data AS json), s.traceparent
    FROM spoken s JOIN drawn d USING (partition)
)
SELECT partition, last_seq FROM drawn ORDER BY partition
"""


async def append(
    connection: AsyncConnection, facts: Sequence[Fact], *, service: str, traceparent: str | None
) -> list[Position]:
    """Append the facts; gives the last position in each partition touched.

    Raises TooManyEvents above MAX_EVENTS.
    """
    if len(facts) > MAX_EVENTS:
        raise TooManyEvents(len(facts))
    aggregates = [fact.aggregate_id for fact in facts]
    partitions = [partition_of(aggregate) for aggregate in aggregates]
    result = await connection.execute(
        text(_APPEND.format(schema=service)),
        {
            "partitions": partitions,
            "types": [fact.TYPE for fact in facts],
            "aggregates": aggregates,
            "versions": [fact.version for fact in facts],
            "data": [fact.model_dump_json() for fact in facts],
            "traceparents": [traceparent] * len(facts),
        },
    )
    positions = [Position(service, row.partition, row.last_seq) for row in result]
    if {position.partition for position in positions} != set(partitions):
        message = "a partition of the log has no counter"
        raise RuntimeError(message)
    return positions


async def log_epoch(connection: AsyncConnection, *, service: str) -> UUID:
    """The incarnation of this log; a restored database starts a new one by decision."""
    epoch: UUID = (await connection.execute(text(f"SELECT epoch FROM {service}.log_epoch"))).scalar_one()  # noqa: S608 - our own name
    return epoch


async def heads(connection: AsyncConnection, *, service: str) -> dict[int, int]:
    """Last number of each partition of this log."""
    rows = await connection.execute(text(f"SELECT partition, last_seq FROM {service}.event_counter"))  # noqa: S608
    return {row.partition: row.last_seq for row in rows}


async def read(
    connection: AsyncConnection, *, service: str, partition: int, after: int, limit: int
) -> list[Envelope]:
    """Events of one partition with a number greater than `after`, in order."""
    epoch = await log_epoch(connection, service=service)
    rows = await connection.execute(
        text(
            "SELECT partition, seq, event_id, type, aggregate_id, aggregate_version,"  # noqa: S608 - our own name
            f" CAST(data AS text) AS data, traceparent, recorded_at FROM {service}.event_log"
            " WHERE partition = :partition AND seq > :after ORDER BY seq LIMIT :limit"
        ),
        {"partition": partition, "after": after, "limit": limit},
    )
    return [envelope_of(row, service=service, epoch=epoch) for row in rows.mappings()]


def envelope_of(row: RowMapping, *, service: str, epoch: UUID) -> Envelope:
    """The envelope of a log row read with its data as text."""
    return Envelope(
        id=row["event_id"],
        speaker=service,
        partition=row["partition"],
        sequence=row["seq"],
        epoch=epoch,
        type=row["type"],
        aggregate_id=row["aggregate_id"],
        aggregate_version=row["aggregate_version"],
        recorded_at=row["recorded_at"],
        data=row["data"],
        traceparent=row["traceparent"],
    )
