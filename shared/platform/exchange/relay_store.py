"""What the relay keeps in its speaker's schema: cursors under leases, and the broker they were published to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import TextClause, text

from shared.events.envelope import Envelope
from shared.events.watermark import Watermark
from shared.platform import event_log
from shared.platform.database import Database
from shared.platform.exchange.broker import Holding
from shared.platform.exchange.log_epochs import log_epochs
from shared.platform.log_days import look, nearest, within

log = structlog.get_logger()

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
        """Take or renew every partition that is free, expired or one's own; none while the log is halted."""

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
WHERE (owner = :me OR owner IS NULL OR leased_until < clock_timestamp())
    AND NOT EXISTS (SELECT FROM {schema}.relay_state WHERE halted IS NOT NULL)
RETURNING partition, published_through, fence
"""
_RELEASE_LEASES = "UPDATE {schema}.relay_cursor SET owner = NULL, leased_until = NULL WHERE owner = :me"
_UNPUBLISHED = """
SELECT l.*
FROM unnest(CAST(:partitions AS smallint[]), CAST(:through AS bigint[]), CAST(:shares AS integer[]))
    AS c(partition, through, share)
CROSS JOIN LATERAL (
    SELECT {columns} FROM {schema}.event_log e
    WHERE {days} AND e.partition = c.partition AND e.seq > c.through ORDER BY e.seq LIMIT c.share
) l
ORDER BY l.partition, l.seq
"""
# A relay that outlives a restore of its database must not count as published what that database does not have: by the
# time it is confirmed, another event may have its number. The event names its predecessors, so the last one tells.
_ADVANCE = """
UPDATE {schema}.relay_cursor r SET published_through = a.through, moved_at = clock_timestamp()
FROM unnest(CAST(:partitions AS smallint[]), CAST(:since AS bigint[]), CAST(:fences AS bigint[]),
            CAST(:through AS bigint[]), CAST(:ids AS uuid[])) AS a(partition, since, fence, through, id)
WHERE r.partition = a.partition AND r.fence = a.fence AND r.published_through = a.since AND EXISTS (
    SELECT FROM {schema}.event_log l
    WHERE l.partition = a.partition AND l.seq = a.through AND l.event_id = a.id AND l.day >= CAST(:first AS date))
"""
_STATE = "SELECT broker_epoch, halted FROM {schema}.relay_state FOR UPDATE"
_HALT = "UPDATE {schema}.relay_state SET halted = :reason, halted_at = clock_timestamp()"
_MEET = "UPDATE {schema}.relay_state SET broker_epoch = :epoch"
# What every listener has heard need not be published again, and what is only in the archive is fetched from the feed;
# the fence makes other owners read their cursor anew.
_SET_BACK = """
UPDATE {schema}.relay_cursor r SET published_through = b.through, fence = r.fence + 1
FROM (
    SELECT c.partition, greatest(coalesce(t.seq, 0), coalesce(h.heard, 0), coalesce(a.gone, 0)) AS through
    FROM {schema}.relay_cursor c
    LEFT JOIN unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[])) AS t(partition, seq)
        ON t.partition = c.partition
    LEFT JOIN (SELECT partition, min(last_seq) AS heard FROM {schema}.heard_position GROUP BY partition) h
        ON h.partition = c.partition
    LEFT JOIN (SELECT partition, max(last_seq) AS gone FROM {schema}.log_archive WHERE dropped_at IS NOT NULL
        GROUP BY partition) a ON a.partition = c.partition
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
        """One comparison by partition where no counter has moved; else the days where it goes on, then the events."""
        through = {lease.partition: lease.through for lease in leases}
        async with self._database.glance() as connection:
            behind = await look(connection, through, count=limit, service=self._database.service)
            if not behind:
                return []
            days = nearest(behind)
            shares = shares_of([min(at.head - at.after, limit) for at in behind], room=limit)
            rows = await connection.execute(
                self._sql(_UNPUBLISHED, columns=event_log.COLUMNS, days=within(days)),
                {
                    "partitions": [at.partition for at in behind],
                    "through": [at.after for at in behind],
                    "shares": shares,
                },
            )
            return [
                event_log.envelope_of(row, service=self._database.service, epoch=behind[0].epoch)
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
            if state.broker_epoch not in {None, holding.epoch}:
                log.warning("relay.broker_replaced", service=self._database.service)
            held = {"partitions": list(tails), "seqs": [tail.seq for tail in tails.values()]}
            await tx.execute(self._sql(_SET_BACK), held)
            await tx.execute(self._sql(_MEET), {"epoch": holding.epoch})
            return None

    def _sql(self, statement: str, **parts: str) -> TextClause:
        return text(statement.format(schema=self._database.service, **parts))


def shares_of(wanted: Sequence[int], *, room: int) -> list[int]:
    """What each partition gets of a batch: an equal part, and of what the quiet ones leave the busy ones get more.

    A busy one must not keep the others waiting, so each gets one event at least.
    """
    shares = [0] * len(wanted)
    for rank, place in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        shares[place] = min(wanted[place], max(1, room // (len(wanted) - rank)))
        room -= shares[place]
    return shares
