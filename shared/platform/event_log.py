"""The speaker's log: events appended in the business transaction, numbered without gaps per partition."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import Envelope, Fact
from shared.events.watermark import Watermark
from shared.kernel.errors import Invalid, Rule
from shared.platform.log_days import TODAY, Stretch, look, within
from shared.platform.metrics import OVERSIZE
from shared.platform.topology import PARTITIONS

MAX_EVENTS = 500
"""Most events of one transaction: the counter rows stay locked for about one flush."""
MAX_DATA = 256 * 1024
"""Most bytes of one fact: the broker must take whatever the log holds."""
MAX_ENVELOPE = MAX_DATA + 64 * 1024
"""A message beyond this is none of ours."""
_MOST_BYTES_OF_A_CHARACTER = 4

COLUMNS = (
    "partition, seq, event_id, previous_id, type, aggregate_id, aggregate_version,"
    " CAST(data AS text) AS data, traceparent, recorded_at"
)
"""What `envelope_of` needs of a row of the log."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in a speaker's log, written `enrolment/07/1234`."""

    service: str
    partition: int
    seq: int

    def __str__(self) -> str:
        return f"{self.service}/{self.partition:02d}/{self.seq}"

    @classmethod
    def of(cls, written: str) -> "Position":
        """Read it back. Raises ValueError on anything else."""
        service, partition, seq = written.split("/")
        return cls(service, int(partition), int(seq))


class TooManyEvents(Exception):
    """A transaction spoke more than MAX_EVENTS events: its caller must work in smaller batches."""


FACT_TOO_LARGE = Rule(
    "fact_too_large",
    fr="Trop de contenu pour un seul objet.",
    en="Too much content for one object.",
)


class FactTooLarge(Invalid):
    """A fact of more than MAX_DATA bytes: it would be logged and never published, so it is not logged."""

    def __init__(self) -> None:
        super().__init__(FACT_TOO_LARGE, expected=f"<= {MAX_DATA} bytes")


def partition_of(aggregate_id: str) -> int:
    """The partition of an aggregate, 0 to 15, for ever; CRC-32 because every language has it."""
    return zlib.crc32(aggregate_id.encode()) % PARTITIONS


# One round trip: lock the counters needed in partition order (no deadlock between bulk calls), draw the
# numbers, insert. Run as the last statement before COMMIT, so the order of numbers is the order of commits.
# Each event names the one before it: a log that was set back and went on differently cannot be taken for itself.
_APPEND = """
WITH spoken AS MATERIALIZED (
    SELECT *, uuidv7() AS event_id FROM unnest(
        CAST(:partitions AS smallint[]), CAST(:types AS text[]), CAST(:aggregates AS text[]),
        CAST(:versions AS bigint[]), CAST(:data AS text[])
    ) WITH ORDINALITY AS s(partition, type, aggregate_id, aggregate_version, data, place)
), locked AS MATERIALIZED (
    SELECT c.partition, c.last_seq, c.last_id, c.day FROM {schema}.event_counter c
    WHERE c.partition = ANY(CAST(:touched AS smallint[])) ORDER BY c.partition FOR UPDATE
), numbered AS MATERIALIZED (
    SELECT s.*, l.last_seq + row_number() OVER log AS seq, lag(s.event_id, 1, l.last_id) OVER log AS previous_id,
           greatest(l.day, {today}) AS day, l.day AS day_before
    FROM spoken s JOIN locked l USING (partition)
    WINDOW log AS (PARTITION BY s.partition ORDER BY s.place)
), drawn AS (
    UPDATE {schema}.event_counter c SET last_seq = n.seq, last_id = n.event_id, day = n.day
    FROM (SELECT DISTINCT ON (partition) * FROM numbered ORDER BY partition, seq DESC) n
    WHERE c.partition = n.partition
    RETURNING c.partition, c.last_seq
), begun AS (
    INSERT INTO {schema}.log_day (partition, first_seq, day)
    SELECT partition, min(seq), day FROM numbered WHERE day > day_before GROUP BY partition, day
), logged AS (
    INSERT INTO {schema}.event_log
        (partition, seq, day, event_id, previous_id, type, aggregate_id, aggregate_version, data, traceparent)
    SELECT partition, seq, day, event_id, previous_id, type, aggregate_id, aggregate_version,
           CAST(data AS json), CAST(:traceparent AS text)
    FROM numbered
)
SELECT partition, last_seq FROM drawn ORDER BY partition
"""


async def append(
    connection: AsyncConnection, facts: Sequence[Fact], *, service: str, traceparent: str | None
) -> list[Position]:
    """Append the facts; gives the last position in each partition touched.

    Raises TooManyEvents above MAX_EVENTS, FactTooLarge above MAX_DATA.
    """
    if len(facts) > MAX_EVENTS:
        raise TooManyEvents(len(facts))
    texts = [fact.model_dump_json() for fact in facts]
    if any(map(_is_too_large, texts)):
        OVERSIZE.labels(service).inc()
        raise FactTooLarge
    aggregates = [fact.aggregate_id for fact in facts]
    partitions = [partition_of(aggregate) for aggregate in aggregates]
    result = await connection.execute(
        text(_APPEND.format(schema=service, today=TODAY)),
        {
            "partitions": partitions,
            "touched": sorted(set(partitions)),
            "types": [fact.TYPE for fact in facts],
            "aggregates": aggregates,
            "versions": [fact.version for fact in facts],
            "data": texts,
            "traceparent": traceparent,
        },
    )
    positions = [Position(service, row.partition, row.last_seq) for row in result]
    if {position.partition for position in positions} != set(partitions):
        message = "a partition of the log has no counter"
        raise RuntimeError(message)
    return positions


def _is_too_large(text: str) -> bool:
    # Few texts are long enough to be worth counting their bytes.
    return len(text) * _MOST_BYTES_OF_A_CHARACTER > MAX_DATA and len(text.encode()) > MAX_DATA


async def watermark(connection: AsyncConnection, *, service: str) -> Watermark:
    """Epoch of this log, and last number of each partition, of one instant."""
    rows = await connection.execute(
        text(
            f"SELECT partition, last_seq, (SELECT epoch FROM {service}.log_epoch"  # noqa: S608 - our own name
            f" ORDER BY began_at DESC LIMIT 1) AS epoch FROM {service}.event_counter"
        )
    )
    found = rows.all()
    return Watermark(found[0].epoch, {row.partition: row.last_seq for row in found})


_STRANGE = """
SELECT t.partition FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[]), CAST(:ids AS uuid[]))
    AS t(partition, seq, id)
JOIN {schema}.event_counter c USING (partition)
WHERE t.seq > c.last_seq OR EXISTS (
    SELECT FROM {schema}.event_log l
    WHERE {days} AND l.partition = t.partition AND l.seq = t.seq AND l.event_id <> t.id)
ORDER BY t.partition
"""


async def strangers(
    connection: AsyncConnection, places: Sequence[tuple[int, int, UUID]], *, service: str
) -> tuple[int, ...]:
    """Partitions of those places (partition, number, id) at which this log has another event, or none yet.

    An event that was archived and dropped is not there to compare: its number is taken at its word.
    """
    before = {partition: seq - 1 for partition, seq, _ in places}
    days = {stretch.days[0] for stretch in await look(connection, before, count=1, service=service)}
    rows = await connection.execute(
        text(_STRANGE.format(schema=service, days=within(days))),
        {
            "partitions": [partition for partition, _, _ in places],
            "seqs": [seq for _, seq, _ in places],
            "ids": [id_ for _, _, id_ in places],
        },
    )
    return tuple(rows.scalars())


async def read(
    connection: AsyncConnection, *, service: str, partition: int, after: int, limit: int
) -> list[Envelope]:
    """Events of one partition that the tables hold, with a number greater than `after`, in order.

    May give fewer than `limit` before the end of the log. Raises LogMoved, and `log_reader` reads archived days too.
    """
    found = await look(connection, {partition: after}, count=limit, service=service)
    return await held(connection, found[0], limit=limit, service=service) if found else []


class LogMoved(Exception):
    """The next event is not in the tables: its day went to the archive, or went elsewhere while it was read."""


async def held(connection: AsyncConnection, stretch: Stretch, *, limit: int, service: str) -> list[Envelope]:
    """The next events of a partition, from its next days. Raises LogMoved unless they begin where they should."""
    rows = await connection.execute(
        text(
            f"SELECT {COLUMNS} FROM {service}.event_log WHERE {within(stretch.days)}"  # noqa: S608 - our own name
            " AND partition = :partition AND seq > :after ORDER BY seq LIMIT :limit"
        ),
        {"partition": stretch.partition, "after": stretch.after, "limit": limit},
    )
    found = [envelope_of(row, service=service, epoch=stretch.epoch) for row in rows.mappings()]
    numbers = [envelope.sequence for envelope in found]
    if not found or numbers != list(range(stretch.after + 1, stretch.after + 1 + len(found))):
        raise LogMoved(f"{service}/{stretch.partition:02d}/{stretch.after + 1}")
    return found


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
        previous_id=row["previous_id"],
    )
