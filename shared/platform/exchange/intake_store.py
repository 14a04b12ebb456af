"""What a listener keeps in its schema: positions, leases on durables, what it parked, digests, and halted sources."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.events.envelope import Envelope
from shared.platform.database import Database, Transaction


@dataclass(frozen=True)
class Held:
    """The last event applied of one partition: its number, its id, and the incarnation of the log it belongs to."""

    last_seq: int = 0
    last_id: UUID | None = None
    epoch: UUID | None = None
    superseded: frozenset[UUID] = frozenset()
    halted: bool = False
    """Incarnations that came before: their events are not followed any more, whatever brings them."""


class IntakeTransaction(Protocol):
    """Positions and effects that advance together."""

    @property
    def work(self) -> Transaction:
        """The transaction in which handlers write."""

    async def lock(self, source: str, partitions: Iterable[int]) -> dict[int, Held]:
        """Lock the positions in partition order, making those that are missing."""

    async def parked_aggregates(self, source: str, aggregates: Iterable[str]) -> set[str]:
        """Which of these have a parked event: what follows it parks behind it."""

    async def park(self, parked: Sequence[tuple[Envelope, str]]) -> None:
        """Set events aside, each with its reason; a person drives them again, in order."""

    async def advance(self, applied: Sequence[Envelope]) -> None:
        """Move the positions to the last of these events of one source, and add all of them to the digests."""


class IntakeStore(Protocol):
    """A listener's memory."""

    def begin(self) -> AbstractAsyncContextManager[IntakeTransaction]:
        """One transaction: committed on leaving, rolled back on an error."""

    async def positions(self, source: str) -> dict[int, Held]:
        """Where this listener stands, by partition."""

    async def share(self, source: str, *, durables: Sequence[str], me: UUID, seconds: float) -> set[str]:
        """Take or renew a fair share of these durables among the replicas that are alive; gives those one owns."""

    async def leave(self, me: UUID) -> None:
        """Let the others take over at once."""

    async def halted(self, source: str) -> str | None:
        """The reason why this source is not followed until a person has decided, or None."""

    async def halt(self, source: str, *, reason: str, detail: dict[str, Any]) -> None:
        """Follow this source no more; the first reason stays."""


_LOCK = """
SELECT p.partition, p.last_seq, p.last_id, p.epoch, s.superseded, s.halted IS NOT NULL AS halted
FROM {schema}.intake_position p
LEFT JOIN {schema}.intake_source s ON s.source = p.source
WHERE p.source = :source AND p.partition = ANY(CAST(:partitions AS smallint[])) ORDER BY p.partition FOR UPDATE OF p
"""
_MAKE = """
INSERT INTO {schema}.intake_position (source, partition)
SELECT :source, unnest(CAST(:partitions AS smallint[])) ON CONFLICT DO NOTHING
"""
_PARKED = """
SELECT DISTINCT aggregate_id FROM {schema}.parked_event
WHERE source = :source AND aggregate_id = ANY(CAST(:aggregates AS text[]))
"""
_PARK = """
INSERT INTO {schema}.parked_event (source, partition, seq, aggregate_id, type, envelope, reason)
SELECT :source, p.partition, p.seq, p.aggregate_id, p.type, CAST(p.envelope AS json), p.reason
FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[]), CAST(:aggregates AS text[]),
            CAST(:types AS text[]), CAST(:envelopes AS text[]), CAST(:reasons AS text[]))
    AS p(partition, seq, aggregate_id, type, envelope, reason)
ON CONFLICT DO NOTHING
"""
_ADVANCE = """
WITH moved AS (
    UPDATE {schema}.intake_position p
    SET last_seq = a.seq, last_id = a.id, epoch = a.epoch, moved_at = clock_timestamp()
    FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[]), CAST(:ids AS uuid[]),
                CAST(:epochs AS uuid[])) AS a(partition, seq, id, epoch)
    WHERE p.source = :source AND p.partition = a.partition
)
INSERT INTO {schema}.intake_digest AS d (source, partition, hour, events, digest)
SELECT :source, s.* FROM unnest(CAST(:digest_partitions AS smallint[]), CAST(:hours AS timestamptz[]),
                                CAST(:events AS bigint[]), CAST(:digests AS numeric[])) AS s
ON CONFLICT (source, partition, hour)
DO UPDATE SET events = d.events + excluded.events, digest = d.digest + excluded.digest
"""
_ALIVE = """
INSERT INTO {schema}.intake_member (source, member, alive_until)
VALUES (:source, :me, clock_timestamp() + make_interval(secs => :seconds))
ON CONFLICT (source, member) DO UPDATE SET alive_until = excluded.alive_until
"""
_MAKE_LEASES = """
INSERT INTO {schema}.intake_lease (durable) SELECT unnest(CAST(:durables AS text[])) ON CONFLICT DO NOTHING
"""
# A replica that owns more than its share lets the surplus go; one that owns less takes what is free or expired.
_SHARE = """
WITH alive AS (
    SELECT ceil(cardinality(CAST(:durables AS text[]))::numeric / greatest(count(*), 1)) AS share
    FROM {schema}.intake_member WHERE source = :source AND alive_until > clock_timestamp()
), leases AS MATERIALIZED (
    SELECT durable, owner, owner = :me AND leased_until > clock_timestamp() AS mine,
           owner IS NULL OR leased_until <= clock_timestamp() AS free
    FROM {schema}.intake_lease WHERE durable = ANY(CAST(:durables AS text[])) ORDER BY durable FOR UPDATE
), ranked AS (
    SELECT durable, row_number() OVER (ORDER BY mine DESC, durable) AS place, coalesce(mine, false) AS mine
    FROM leases WHERE mine OR free
), decided AS (
    SELECT durable, mine, place <= share AS keep FROM ranked, alive
)
UPDATE {schema}.intake_lease l
SET owner = CASE WHEN d.keep THEN CAST(:me AS uuid) END,
    leased_until = CASE WHEN d.keep THEN clock_timestamp() + make_interval(secs => :seconds) END
FROM decided d WHERE d.durable = l.durable AND (d.keep OR d.mine)
RETURNING l.durable, d.keep
"""
_LEAVE = (
    "UPDATE {schema}.intake_lease SET owner = NULL, leased_until = NULL WHERE owner = :me",
    "DELETE FROM {schema}.intake_member WHERE member = :me OR alive_until < clock_timestamp() - interval '1 day'",
)
_HALT = """
INSERT INTO {schema}.intake_source AS s (source, halted, halted_at, detail)
VALUES (:source, :reason, clock_timestamp(), :detail)
ON CONFLICT (source) DO UPDATE SET halted = excluded.halted, halted_at = excluded.halted_at, detail = excluded.detail
WHERE s.halted IS NULL
"""


class PostgresIntakeTransaction:
    """One transaction of the listener's worker."""

    def __init__(self, work: Transaction, *, schema: str) -> None:
        self.work = work
        self._schema = schema

    async def lock(self, source: str, partitions: Iterable[int]) -> dict[int, Held]:
        """One statement, three the first time a partition is heard of."""
        wanted = sorted(set(partitions))
        values = {"source": source, "partitions": wanted}
        rows = (await self.work.execute(self._sql(_LOCK), values)).all()
        if len(rows) < len(wanted):
            await self.work.execute(self._sql(_MAKE), values)
            rows = (await self.work.execute(self._sql(_LOCK), values)).all()
        return {
            row.partition: Held(
                row.last_seq, row.last_id, row.epoch, frozenset(row.superseded or ()), halted=row.halted
            )
            for row in rows
        }

    async def parked_aggregates(self, source: str, aggregates: Iterable[str]) -> set[str]:
        """One statement."""
        values = {"source": source, "aggregates": list(aggregates)}
        return set((await self.work.execute(self._sql(_PARKED), values)).scalars())

    async def park(self, parked: Sequence[tuple[Envelope, str]]) -> None:
        """One statement."""
        envelopes = [envelope for envelope, _ in parked]
        await self.work.execute(
            self._sql(_PARK),
            {
                "source": envelopes[0].speaker,
                "partitions": [envelope.partition for envelope in envelopes],
                "seqs": [envelope.sequence for envelope in envelopes],
                "aggregates": [envelope.aggregate_id for envelope in envelopes],
                "types": [envelope.type for envelope in envelopes],
                "envelopes": [envelope.to_json() for envelope in envelopes],
                "reasons": [reason for _, reason in parked],
            },
        )

    async def advance(self, applied: Sequence[Envelope]) -> None:
        """One statement."""
        last = {envelope.partition: envelope for envelope in applied}
        sums = digests_of(applied)
        await self.work.execute(
            self._sql(_ADVANCE),
            {
                "source": applied[0].speaker,
                "partitions": list(last),
                "seqs": [envelope.sequence for envelope in last.values()],
                "ids": [envelope.id for envelope in last.values()],
                "epochs": [envelope.epoch for envelope in last.values()],
                "digest_partitions": [partition for partition, _ in sums],
                "hours": [hour for _, hour in sums],
                "events": [events for events, _ in sums.values()],
                "digests": [digest for _, digest in sums.values()],
            },
        )

    def _sql(self, statement: str) -> TextClause:
        return text(statement.format(schema=self._schema))


class PostgresIntakeStore:
    """A listener's memory in its own schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresIntakeTransaction]:
        """The worker's transaction; what handlers speak is logged in it."""
        async with self._database.transaction() as tx:
            yield PostgresIntakeTransaction(tx, schema=self._database.service)

    async def positions(self, source: str) -> dict[int, Held]:
        """As they stand, unlocked."""
        statement = (
            "SELECT partition, last_seq, last_id, epoch FROM {schema}.intake_position WHERE source = :source"
        )
        async with self._database.glance() as connection:
            rows = await connection.execute(self._sql(statement), {"source": source})
            return {row.partition: Held(row.last_seq, row.last_id, row.epoch) for row in rows}

    async def share(self, source: str, *, durables: Sequence[str], me: UUID, seconds: float) -> set[str]:
        """Under the locks of the leases; the clock is the database's own."""
        values = {"source": source, "durables": sorted(durables), "me": me, "seconds": seconds}
        async with self._database.transaction() as tx:
            await tx.execute(self._sql(_ALIVE), values)
            await tx.execute(self._sql(_MAKE_LEASES), values)
            return {row.durable for row in await tx.execute(self._sql(_SHARE), values) if row.keep}

    async def leave(self, me: UUID) -> None:
        """Give leases back and be a member no more."""
        async with self._database.transaction() as tx:
            for statement in _LEAVE:
                await tx.execute(self._sql(statement), {"me": me})

    async def halted(self, source: str) -> str | None:
        """As it stands now."""
        statement = "SELECT halted FROM {schema}.intake_source WHERE source = :source"
        async with self._database.glance() as connection:
            found: str | None = (
                await connection.execute(self._sql(statement), {"source": source})
            ).scalar_one_or_none()
            return found

    async def halt(self, source: str, *, reason: str, detail: dict[str, Any]) -> None:
        """Durable: it outlives the process."""
        statement = self._sql(_HALT).bindparams(bindparam("detail", type_=JSONB))
        async with self._database.transaction() as tx:
            await tx.execute(statement, {"source": source, "reason": reason, "detail": detail})

    def _sql(self, statement: str) -> TextClause:
        return text(statement.format(schema=self._database.service))


def digests_of(envelopes: Iterable[Envelope]) -> dict[tuple[int, datetime], tuple[int, int]]:
    """Per partition and hour of recording: how many events, and the sum of their ids' last 60 bits.

    A sum does not depend on the order, and an event applied twice or not at all changes it.
    """
    sums: defaultdict[tuple[int, datetime], list[int]] = defaultdict(lambda: [0, 0])
    for envelope in envelopes:
        hour = envelope.recorded_at.replace(minute=0, second=0, microsecond=0)
        entry = sums[envelope.partition, hour]
        entry[0] += 1
        entry[1] += envelope.id.int & ID_BITS
    return {key: (events, digest) for key, (events, digest) in sums.items()}


ID_BITS = (1 << 60) - 1
"""The part of an id that is summed; the log's side does the same in SQL."""
