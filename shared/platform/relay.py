"""From the log to the broker: a cursor per partition under a fenced lease, in order, repeated until confirmed.

While the broker is away nothing is lost and nothing fails: the log grows and the relay catches up.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.events.envelope import Envelope
from shared.platform import event_log
from shared.platform.broker import Broker, PublishFailed
from shared.platform.database import Database
from shared.platform.metrics import PUBLISH_FAILURES, PUBLISHED
from shared.platform.problems import is_transient

log = structlog.get_logger()

BATCH = 500
POLL = 0.1
LEASE = 10.0
RENEW = 3.0
WATERMARK_EVERY = 1.0
AFTER_FAILURE = 1.0

_TAKE_LEASES = """
UPDATE {schema}.relay_cursor
SET fence = fence + CASE WHEN owner = :me THEN 0 ELSE 1 END, owner = :me,
    leased_until = clock_timestamp() + make_interval(secs => :lease)
WHERE owner = :me OR owner IS NULL OR leased_until < clock_timestamp()
RETURNING partition, published_through, fence
"""
_RELEASE_LEASES = "UPDATE {schema}.relay_cursor SET owner = NULL, leased_until = NULL WHERE owner = :me"
_UNPUBLISHED = """
SELECT l.partition, l.seq, l.event_id, l.type, l.aggregate_id, l.aggregate_version,
       CAST(l.data AS text) AS data, l.traceparent, l.recorded_at
FROM unnest(CAST(:partitions AS smallint[]), CAST(:through AS bigint[])) AS c(partition, through)
CROSS JOIN LATERAL (
    SELECT * FROM {schema}.event_log e
    WHERE e.partition = c.partition AND e.seq > c.through ORDER BY e.seq LIMIT :batch
) l
ORDER BY l.partition, l.seq
LIMIT :batch
"""
_ADVANCE = """
UPDATE {schema}.relay_cursor r SET published_through = a.through
FROM unnest(CAST(:partitions AS smallint[]), CAST(:through AS bigint[]), CAST(:fences AS bigint[]))
    AS a(partition, through, fence)
WHERE r.partition = a.partition AND r.fence = a.fence AND r.published_through < a.through
"""


class Relay:
    """Publishes one service's log; several may run, each partition has one owner at a time."""

    def __init__(self, database: Database, broker: Broker, *, service: str, spoke: asyncio.Event) -> None:
        self._database = database
        self._broker = broker
        self._service = service
        self._spoke = spoke
        self._me: UUID = uuid4()
        self._epoch: UUID | None = None
        self._through: dict[int, int] = {}
        self._fences: dict[int, int] = {}
        self._renewed_at = float("-inf")
        self._announced_at = float("-inf")

    async def run(self) -> None:
        """Relay until cancelled, then let the next one begin at once."""
        try:
            await self._run()
        finally:
            await self._release_leases()

    async def _run(self) -> None:
        while True:
            try:
                moved = await self.step()
            except PublishFailed as failure:
                PUBLISH_FAILURES.labels(self._service).inc()
                log.warning("relay.not_confirmed", reason=str(failure))
                await asyncio.sleep(AFTER_FAILURE)
                continue
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("relay.database_unavailable", error=type(error).__name__)
                self._renewed_at = float("-inf")
                await asyncio.sleep(1)
                continue
            if not moved:
                await self._wait()

    async def step(self) -> bool:
        """Publish one batch and advance; False when there was nothing to do. Raises PublishFailed."""
        if not self._broker.connected:
            return False
        await self._renew_leases()
        await self._announce()
        envelopes = await self._unpublished()
        if not envelopes:
            return False
        await self._broker.publish(envelopes)
        await self._advance(envelopes)
        PUBLISHED.labels(self._service).inc(len(envelopes))
        return True

    async def _wait(self) -> None:
        # A nudge may come from a commit of this very process; other processes' commits are found by polling.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await self._spoke.wait()
        self._spoke.clear()

    async def _renew_leases(self) -> None:
        if time.monotonic() - self._renewed_at < RENEW:
            return
        async with self._database.transaction() as tx:
            self._epoch = await event_log.log_epoch(tx.connection, service=self._service)
            rows = await tx.execute(
                text(_TAKE_LEASES.format(schema=self._service)), {"me": self._me, "lease": LEASE}
            )
            leases = rows.all()
        self._through = {row.partition: row.published_through for row in leases}
        self._fences = {row.partition: row.fence for row in leases}
        self._renewed_at = time.monotonic()

    async def _release_leases(self) -> None:
        # A relay that is killed leaves its leases to expire; one that is stopped need not.
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            async with self._database.transaction() as tx:
                await tx.execute(text(_RELEASE_LEASES.format(schema=self._service)), {"me": self._me})

    async def _announce(self) -> None:
        if time.monotonic() - self._announced_at < WATERMARK_EVERY:
            return
        self._announced_at = time.monotonic()
        async with self._database.reading() as connection:
            heads = await event_log.heads(connection, service=self._service)
        await self._broker.announce(heads)

    async def _unpublished(self) -> list[Envelope]:
        if not self._through:
            return []
        async with self._database.reading() as connection:
            rows = await connection.execute(
                text(_UNPUBLISHED.format(schema=self._service)),
                {
                    "partitions": list(self._through),
                    "through": list(self._through.values()),
                    "batch": BATCH,
                },
            )
            assert self._epoch is not None  # noqa: S101 - read with the leases
            return [
                event_log.envelope_of(row, service=self._service, epoch=self._epoch)
                for row in rows.mappings()
            ]

    async def _advance(self, envelopes: Sequence[Envelope]) -> None:
        reached = {envelope.partition: envelope.sequence for envelope in envelopes}
        async with self._database.transaction() as tx:
            await tx.execute(
                text(_ADVANCE.format(schema=self._service)),
                {
                    "partitions": list(reached),
                    "through": list(reached.values()),
                    "fences": [self._fences[partition] for partition in reached],
                },
            )
        self._through.update(reached)
