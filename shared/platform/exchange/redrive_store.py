"""What was set aside, for those who drive it again: listed, read under the lock of its partition, driven or noted."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import TextClause, text

from shared.events.envelope import Envelope
from shared.platform import journal
from shared.platform.database import Database, Transaction
from shared.platform.exchange.intake_store import PostgresIntakeTransaction


@dataclass(frozen=True)
class Parked:
    """One aggregate of one source that has parked events, all of one partition."""

    source: str
    partition: int
    aggregate_id: str


class RedriveTransaction(Protocol):
    """The parked events of one aggregate, and the effects that take their place."""

    @property
    def work(self) -> Transaction:
        """The transaction in which handlers write."""

    async def halted(self) -> str | None:
        """Why nothing of this source may be applied until a person has decided, or None."""

    async def events(self, first: int | None) -> list[Envelope]:
        """The first so many, or all, in order and locked."""

    async def unpark(self, driven: Sequence[Envelope]) -> None:
        """These were applied."""

    async def note_refusal(self, seq: int, *, reason: str) -> None:
        """This one was tried again, and why it stays where it is."""

    async def record(self, action: str, *, by: str, **detail: Any) -> None:
        """An entry of the journal."""


class RedriveStore(Protocol):
    """A listener's parked events."""

    async def parked(self, source: str | None = None, *, aggregate: str | None = None) -> list[Parked]:
        """The aggregates that have some, the longest parked first."""

    async def left(self, source: str | None = None, *, aggregate: str | None = None) -> int:
        """How many events are parked."""

    def begin(self, parked: Parked) -> AbstractAsyncContextManager[RedriveTransaction]:
        """One transaction that keeps the intake away from the aggregate's partition."""


_WANTED = """
(CAST(:source AS text) IS NULL OR source = :source) AND (CAST(:aggregate AS text) IS NULL OR aggregate_id = :aggregate)
"""
_LIST = """
SELECT source, partition, aggregate_id FROM {schema}.parked_event WHERE {wanted}
GROUP BY source, partition, aggregate_id ORDER BY min(parked_at), source, partition, min(seq)
"""
_LEFT = "SELECT count(*) FROM {schema}.parked_event WHERE {wanted}"
_EVENTS = """
SELECT CAST(envelope AS text) FROM {schema}.parked_event
WHERE source = :source AND partition = :partition AND aggregate_id = :aggregate
ORDER BY seq LIMIT :first FOR UPDATE
"""
_UNPARK = """
DELETE FROM {schema}.parked_event
WHERE source = :source AND partition = :partition AND seq = ANY(CAST(:seqs AS bigint[]))
"""
_REFUSED = """
UPDATE {schema}.parked_event SET tries = tries + 1, tried_at = clock_timestamp(), reason = :reason
WHERE source = :source AND partition = :partition AND seq = :seq
"""
_HALTED = "SELECT halted FROM {schema}.intake_source WHERE source = :source"


class PostgresRedriveTransaction:
    """One transaction of the listener's worker."""

    def __init__(self, work: Transaction, parked: Parked, *, schema: str) -> None:
        self.work = work
        self._schema = schema
        self._source = parked.source
        self._one = {
            "source": parked.source,
            "partition": parked.partition,
            "aggregate": parked.aggregate_id,
        }

    async def halted(self) -> str | None:
        """As it stands now."""
        found = await self.work.execute(self._sql(_HALTED), {"source": self._source})
        reason: str | None = found.scalar_one_or_none()
        return reason

    async def events(self, first: int | None) -> list[Envelope]:
        """As they were parked."""
        rows = await self.work.execute(self._sql(_EVENTS), self._one | {"first": first})
        return [Envelope.from_json(stored.encode()) for stored in rows.scalars()]

    async def unpark(self, driven: Sequence[Envelope]) -> None:
        """One statement."""
        await self.work.execute(
            self._sql(_UNPARK), self._one | {"seqs": [envelope.sequence for envelope in driven]}
        )

    async def note_refusal(self, seq: int, *, reason: str) -> None:
        """One statement."""
        await self.work.execute(self._sql(_REFUSED), self._one | {"seq": seq, "reason": reason})

    async def record(self, action: str, *, by: str, **detail: Any) -> None:
        """In the same commit as what it tells."""
        await journal.note(self.work, self._schema, client_id=by, action=action, detail=self._one | detail)

    def _sql(self, statement: str) -> TextClause:
        return text(statement.format(schema=self._schema))


class PostgresRedriveStore:
    """A listener's parked events in its own schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def parked(self, source: str | None = None, *, aggregate: str | None = None) -> list[Parked]:
        """As it stands, unlocked."""
        async with self._database.glance() as connection:
            rows = await connection.execute(self._sql(_LIST), {"source": source, "aggregate": aggregate})
            return [Parked(row.source, row.partition, row.aggregate_id) for row in rows]

    async def left(self, source: str | None = None, *, aggregate: str | None = None) -> int:
        """As it stands, unlocked."""
        async with self._database.glance() as connection:
            rows = await connection.execute(self._sql(_LEFT), {"source": source, "aggregate": aggregate})
            return int(rows.scalar_one())

    @asynccontextmanager
    async def begin(self, parked: Parked) -> AsyncIterator[PostgresRedriveTransaction]:
        """The position row first, as the intake does: no follower can be parked behind what is being driven."""
        async with self._database.transaction() as tx:
            await PostgresIntakeTransaction(tx, schema=self._database.service).lock(
                parked.source, [parked.partition]
            )
            yield PostgresRedriveTransaction(tx, parked, schema=self._database.service)

    def _sql(self, statement: str) -> TextClause:
        return text(statement.format(schema=self._database.service, wanted=_WANTED))
