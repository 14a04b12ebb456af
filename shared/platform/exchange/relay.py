"""From the log to the broker: a cursor per partition under a fenced lease, in order, repeated until confirmed.

While the broker is away nothing is lost and nothing fails: the log grows and the relay catches up. On every new
connection it compares what the broker holds with the log: where the broker has forgotten, cursors go back; where the
log has forgotten, nothing is published until a person has decided.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy.exc import SQLAlchemyError

from shared.events.envelope import Envelope
from shared.platform.exchange.broker import Broker, BrokerUnavailable, PublishFailed
from shared.platform.exchange.relay_store import Lease, RelayStore
from shared.platform.failures import is_transient
from shared.platform.log_days import DayMissing
from shared.platform.metrics import PUBLISH_FAILURES, PUBLISHED
from shared.platform.tracing import TRACING

log = structlog.get_logger()

BATCH = 500
POLL = 0.1
LEASE = 10.0
RENEW = 3.0
WATERMARK_EVERY = 1.0
AFTER_FAILURE = 1.0
MEET_EVERY = 30.0
"""Seconds after which broker and log are compared again on the same connection: either may have been replaced."""
LOOK_AGAIN = 5.0
"""Seconds between two looks whether a person has decided."""


class Relay:
    """Publishes one service's log; several may run, each partition has one owner at a time."""

    def __init__(
        self, store: RelayStore, broker: Broker, *, service: str, me: UUID, spoke: asyncio.Event
    ) -> None:
        self._store = store
        self._broker = broker
        self._service = service
        self._spoke = spoke
        self._me = me
        self._leases: dict[int, Lease] = {}
        self._met = 0
        self._met_at = float("-inf")
        self._renewed_at = float("-inf")
        self._announced_at = float("-inf")

    async def run(self) -> None:
        """Relay until cancelled, then let the next one begin at once."""
        try:
            await self._run()
        finally:
            # A relay that is killed leaves its leases to expire; one that is stopped need not.
            with suppress(SQLAlchemyError, OSError, TimeoutError):
                await self._store.release_leases(self._me)

    async def _run(self) -> None:
        while True:
            try:
                moved = await self.step()
            except (PublishFailed, BrokerUnavailable) as failure:
                PUBLISH_FAILURES.labels(self._service).inc()
                log.warning("relay.not_confirmed", reason=str(failure))
                await asyncio.sleep(AFTER_FAILURE)
                continue
            except DayMissing as missing:
                # Somebody has to put it right; the service goes on meanwhile, and this rings as a relay that is stuck.
                log.critical("relay.day_missing", reason=str(missing))
                await asyncio.sleep(AFTER_FAILURE)
                continue
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("relay.database_unavailable", error=type(error).__name__)
                self._renewed_at = float("-inf")
                # The database that comes back may be an older one: what the broker holds tells.
                self._met = 0
                await asyncio.sleep(AFTER_FAILURE)
                continue
            if not moved:
                await self._wait()

    async def step(self) -> bool:
        """Publish one batch and advance; False when there was nothing to do.

        Raises PublishFailed and BrokerUnavailable: nothing has advanced, the same events go out again.
        """
        if not self._broker.connected:
            return False
        await self._renew_leases()
        if not await self._know_broker():
            return False
        await self._announce()
        if not self._leases:
            return False
        envelopes = await self._store.unpublished(list(self._leases.values()), limit=BATCH)
        if not envelopes:
            return False
        since = TRACING.began()
        await self._broker.publish(envelopes)
        await self._advance(envelopes)
        TRACING.carried(
            f"publish {self._service}",
            (envelope.traceparent for envelope in envelopes),
            kind=SpanKind.PRODUCER,
            since=since,
            attributes={"messaging.operation.type": "send", "messaging.destination.name": self._service},
        )
        PUBLISHED.labels(self._service).inc(len(envelopes))
        return True

    async def _wait(self) -> None:
        # A nudge may come from a commit of this very process; other processes' commits are found by polling.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await self._spoke.wait()
        self._spoke.clear()

    async def _renew_leases(self) -> None:
        if _now() - self._renewed_at < RENEW:
            return
        began = _now()
        leases = await self._store.take_leases(self._me, seconds=LEASE)
        self._leases = {lease.partition: lease for lease in leases}
        self._renewed_at = began

    async def _know_broker(self) -> bool:
        """Whether this broker and this log belong together; looked at on every connection, and now and then."""
        connection = self._broker.connection
        if self._met == connection and _now() - self._met_at < MEET_EVERY:
            return True
        halted = await self._store.meet(await self._broker.holding())
        if halted is not None:
            log.critical("relay.halted", service=self._service, reason=halted)
            await asyncio.sleep(LOOK_AGAIN)
            return False
        self._met, self._met_at = connection, _now()
        # Cursors may have gone back.
        self._renewed_at = float("-inf")
        await self._renew_leases()
        return True

    async def _announce(self) -> None:
        if _now() - self._announced_at < WATERMARK_EVERY:
            return
        self._announced_at = _now()
        await self._broker.announce(await self._store.watermark())

    async def _advance(self, envelopes: Sequence[Envelope]) -> None:
        reached = {envelope.partition: envelope.sequence for envelope in envelopes}
        leases = [self._leases[partition] for partition in reached]
        if await self._store.advance(leases, published=envelopes):
            self._leases.update(
                {lease.partition: replace(lease, through=reached[lease.partition]) for lease in leases}
            )
        else:
            # Overtaken: another relay owns a partition, its cursor was set back, or the log itself was.
            self._renewed_at = float("-inf")
            self._met = 0


def _now() -> float:
    return asyncio.get_running_loop().time()
