"""What the relay keeps in its speaker's schema: cursors under leases, and the broker they were published to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import TextClause, text

from shared.events.envelope import Envelope
from shared.events.watermark import Watermark
from shared.platform import event_log
from shared.platform.broker import Holding
from shared.platform.database import Database
from shared.platform.log_epochs import log_epochs

LOG_WENT_BACK = "log_went_back"
"""The broker holds events of this epoch that the log does not: it was set back to an earlier point."""


@dataclass(frozen=True)
class Lease:
    """One partition to publish: where to go on, and the fence that an overtaken owner fails at."""

    partition: int
    through: int
    fence: int


class RelayStore(Protocol):
    """The relay's memory."""

    async def take_leases(self, owner: UUID, *, seconds: float) -> list[Lease]:
        """Take or renew every partition that is free, expired or one's own."""

    async def release_leases(self, owner: UUID) -> None:
        """Let the next one begin at once."""

    async def unpublished(self, leases: Sequence[Lease], *, limit: int) -> list[Envelope]:
        """The next events of these partitions, in order within each."""

    async def advance(self, leases: Sequence[Lease], *, published: Sequence[Envelope]) -> bool:
        """Move the cursor of each lease from where it stood to the last event published under it.

        False where that cannot be: another owner passed the fence, or this is not the log those events came from.
        """

    async def watermark(self) -> Watermark:
        """How far the log reaches."""

    async def meet(self, holding: Holding) -> str | None:
        """Compare the log with what the broker holds, and set cursors back where it holds less.

        Gives the reason why nothing may be published until a person has decided, or None.
        """


_TAKE_LEASES = """
UPDATE {schema}.relay_cursor
SET fence = fence + CASE WHEN owner = :me THEN 0 ELSE 1 END, owner = :me,
    leased_until = clock_timestamp() + make_interval(secs => :lease)
WHERE owner = :me OR owner IS NULL OR leased_until < clock_timestamp()
RETURNING partition, published_through, fence
"""
_RELEASE_LEASES = "UPDATE {schema}.relay_cursor SET owner = NULL, leased_until = NULL WHERE owner = :me"
# Every partition that is behind gets the same share of a batch: a busy one must not keep the others waiting.
_UNPUBLISHED = """
WITH behind AS MATERIALIZED (
    SELECT c.partition, c.through
    FROM unnest(CAST(:partitions AS smallint[]), CAST(:through AS bigint[])) AS c(partition, through)
    JOIN {schema}.event_counter n ON n.partition = c.partition AND n.last_seq > c.through
)
SELECT l.*, (SELECT epoch FROM {schema}.log_epoch ORDER BY began_at DESC LIMIT 1) AS epoch
FROM behind b
CROSS JOIN LATERAL (
    SELECT {columns} FROM {schema}.event_log e
    WHERE e.partition = b.partition AND e.seq > b.through
    ORDER BY e.seq LIMIT (SELECT greatest(1, CAST(:batch AS bigint) / count(*)) FROM behind)
) l
ORDER BY l.partition, l.seq
"""
# A relay that outlives a restore of its database must not count as published what that database does not have: by the
# time it is confirmed, another event may have its number. The event names its predecessors, so the last one tells.
_ADVANCE = """
UPDATE {schema}.relay_cursor r SET published_through = a.through
FROM unnest(CAST(:partitions AS smallint[]), CAST(:since AS bigint[]), CAST(:fences AS bigint[]),
            CAST(:through AS bigint[]), CAST(:ids AS uuid[])) AS a(partition, since, fence, through, id)
WHERE r.partition = a.partition AND r.fence = a.fence AND r.published_through = a.since AND EXISTS (
    SELECT FROM {schema}.event_log l
    WHERE l.partition = a.partition AND l.seq = a.through AND l.event_id = a.id AND l.day >= CAST(:first AS date))
"""
_STATE = "SELECT broker_epoch, halted FROM {schema}.relay_state FOR UPDATE"
_HALT = "UPDATE {schema}.relay_state SET halted = :reason, halted_at = clock_timestamp()"
_MEET = "UPDATE {schema}.relay_state SET broker_epoch = :epoch"
# What every listener has heard need not be published again; the fence makes other owners read their cursor anew.
_SET_BACK = """
UPDATE {schema}.relay_cursor r SET published_through = b.through, fence = r.fence + 1
FROM (
    SELECT c.partition, greatest(coalesce(t.seq, 0), coalesce(h.heard, 0)) AS through
    FROM {schema}.relay_cursor c
    LEFT JOIN unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[])) AS t(partition, seq)
        ON t.partition = c.partition
    LEFT JOIN (SELECT partition, min(last_seq) AS heard FROM {schema}.heard_position GROUP BY partition) h
        ON h.partition = c.partition
    ORDER BY c.partition
) b
WHERE r.partition = b.partition AND r.published_through > b.through
"""


class PostgresRelayStore:
    """The relay's memory in the schema of its service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_leases(self, owner: UUID, *, seconds: float) -> list[Lease]:
        """One statement; the clock is the database's own."""
        async with self._database.transaction() as tx:
            rows = await tx.execute(self._sql(_TAKE_LEASES), {"me": owner, "lease": seconds})
            return [Lease(row.partition, row.published_through, row.fence) for row in rows]

    async def release_leases(self, owner: UUID) -> None:
        """One statement."""
        async with self._database.transaction() as tx:
            await tx.execute(self._sql(_RELEASE_LEASES), {"me": owner})

    async def unpublished(self, leases: Sequence[Lease], *, limit: int) -> list[Envelope]:
        """A partition whose counter has not moved costs one comparison."""
        async with self._database.glance() as connection:
            rows = await connection.execute(
                self._sql(_UNPUBLISHED, columns=event_log.COLUMNS),
                {
                    "partitions": [lease.partition for lease in leases],
                    "through": [lease.through for lease in leases],
                    "batch": limit,
                },
            )
            return [
                event_log.envelope_of(row, service=self._database.service, epoch=row["epoch"])
                for row in rows.mappings()
            ]

    async def advance(self, leases: Sequence[Lease], *, published: Sequence[Envelope]) -> bool:
        """One statement; a passed fence leaves its cursor where the new owner has it."""
        last = {envelope.partition: envelope for envelope in published}
        values = {
            "partitions": [lease.partition for lease in leases],
            "since": [lease.through for lease in leases],
            "fences": [lease.fence for lease in leases],
            "through": [last[lease.partition].sequence for lease in leases],
            "ids": [last[lease.partition].id for lease in leases],
            # An event is of the day on which its transaction spoke, at most one before it was recorded.
            "first": min(envelope.recorded_at for envelope in last.values()).date() - timedelta(days=1),
        }
        async with self._database.transaction() as tx:
            moved = await tx.execute(self._sql(_ADVANCE), values)
            return moved.rowcount == len(leases)

    async def watermark(self) -> Watermark:
        """Of one instant."""
        async with self._database.glance() as connection:
            return await event_log.watermark(connection, service=self._database.service)

    async def meet(self, holding: Holding) -> str | None:
        """Under the lock of the state, so that two relays that meet a new broker set cursors back once."""
        async with self._database.transaction() as tx:
            state = (await tx.execute(self._sql(_STATE))).one()
            epoch = (await event_log.watermark(tx.connection, service=self._database.service)).epoch
            tails = {number: tail for number, tail in holding.tails.items() if tail.epoch == epoch}
            if state.halted is not None:
                return str(state.halted)
            known = {one.epoch for one in await log_epochs(tx.connection, service=self._database.service)}
            places = [(number, tail.seq, tail.id) for number, tail in tails.items()]
            # An incarnation that the log has forgotten: it was set back to before an earlier decision.
            forgotten = any(tail.epoch not in known for tail in holding.tails.values())
            if forgotten or await event_log.strangers(tx.connection, places, service=self._database.service):
                await tx.execute(self._sql(_HALT), {"reason": LOG_WENT_BACK})
                return LOG_WENT_BACK
            held = {"partitions": list(tails), "seqs": [tail.seq for tail in tails.values()]}
            await tx.execute(self._sql(_SET_BACK), held)
            await tx.execute(self._sql(_MEET), {"epoch": holding.epoch})
            return None

    def _sql(self, statement: str, **parts: str) -> TextClause:
        return text(statement.format(schema=self._database.service, **parts))
