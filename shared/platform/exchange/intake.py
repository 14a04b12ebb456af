"""From the broker to the handlers: a listener's share of the durables, pulled, applied in batches, confirmed.

Several replicas share the durables by lease. The lease only spares work: what keeps two of them apart is the position
row, which `applying.py` locks in the transaction of the effect.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.events.envelope import BadEnvelope, Envelope
from shared.platform.event_log import MAX_ENVELOPE
from shared.platform.exchange.applying import Applier, LogChanged
from shared.platform.exchange.broker import Broker, Pulled, Pulls
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.intake_store import IntakeStore
from shared.platform.exchange.repair import Repair
from shared.platform.failures import is_transient
from shared.platform.metrics import UNREADABLE
from shared.platform.topology import HEARS, Durable, durables, partition_prefix

log = structlog.get_logger()

BATCH = 500
LEASE = 10.0
RENEW = 3.0
TAKE_WITHIN = 1.0
AFTER_FAILURE = 0.5
LOOK_EVERY = 3.0
"""Seconds between two comparisons of positions and watermarks, and two looks at a halted source."""


@dataclass(frozen=True, kw_only=True)
class Ears:
    """What a listener hears with."""

    listener: str
    me: UUID
    store: IntakeStore
    broker: Broker
    applier: Applier
    repair: Repair


class Intake:
    """Applies what one listener hears; several may run."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    async def run(self) -> None:
        """Follow every speaker until cancelled, then let the other replicas take over at once."""
        try:
            async with asyncio.TaskGroup() as group:
                for speaker in HEARS[self._ears.listener]:
                    group.create_task(_Following(self._ears, speaker).run())
        finally:
            with suppress(SQLAlchemyError, OSError, TimeoutError):
                await self._ears.store.leave(self._ears.me)


class _Following:
    """Follows one speaker."""

    def __init__(self, ears: Ears, speaker: str) -> None:
        self._ears = ears
        self._speaker = speaker
        self._mine: frozenset[Durable] = frozenset()
        self._renewed_at = self._looked_at = self._asked_at = float("-inf")

    async def run(self) -> None:
        """A listener never gives up: whatever failed is tried again, and the class of the error is logged."""
        while True:
            pulls = await self._ears.broker.pulls(self._speaker)
            try:
                await self._follow(pulls)
            except LogChanged as changed:
                await self._halt(changed)
            except FeedUnavailable as away:
                log.warning("intake.feed_unavailable", speaker=self._speaker, reason=str(away))
            except Exception as error:  # noqa: BLE001 - see above
                log.warning(
                    "intake.interrupted",
                    speaker=self._speaker,
                    error=type(error).__name__,
                    passing=is_transient(error),
                )
            finally:
                await pulls.close()
            self._renewed_at = self._asked_at = float("-inf")
            await asyncio.sleep(AFTER_FAILURE)

    async def _follow(self, pulls: Pulls) -> None:
        while True:
            if await self._is_halted():
                pulls.follow(())
                await asyncio.sleep(LOOK_EVERY)
                continue
            await self._renew(pulls)
            pulled = await pulls.take(BATCH, within=TAKE_WITHIN)
            if pulled:
                await self._ears.applier.hear(self._readable(pulled))
                await pulls.confirm(pulled)
            await self._look()

    async def _is_halted(self) -> bool:
        if _now() - self._asked_at < LOOK_EVERY:
            return False
        reason = await self._ears.store.halted(self._speaker)
        if reason is None:
            self._asked_at = _now()
            return False
        log.critical("intake.halted", speaker=self._speaker, reason=reason)
        self._renewed_at = float("-inf")
        return True

    async def _halt(self, changed: LogChanged) -> None:
        log.critical("intake.halted", speaker=self._speaker, reason=changed.reason, **changed.detail)
        # A database that is away now will be told at the next event, which is refused like this one.
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            await self._ears.store.halt(self._speaker, reason=changed.reason, detail=changed.detail)

    async def _renew(self, pulls: Pulls) -> None:
        if _now() - self._renewed_at < RENEW:
            return
        began = _now()
        mine = [durable for durable in durables(self._ears.listener) if durable.speaker == self._speaker]
        names = await self._ears.store.share(
            self._speaker, durables=[durable.name for durable in mine], me=self._ears.me, seconds=LEASE
        )
        self._mine = frozenset(durable for durable in mine if durable.name in names)
        pulls.follow(self._mine)
        self._renewed_at = began

    def _readable(self, pulled: Sequence[Pulled]) -> Iterator[Envelope]:
        """Without what has no readable source and number: its hole, if it was a real event, is filled from the feed."""
        for message in pulled:
            try:
                if len(message.data) > MAX_ENVELOPE:
                    raise BadEnvelope("oversize")
                envelope = Envelope.from_json(message.data)
                # It is what it says only where that partition's events are: elsewhere it would take a number's place.
                place = partition_prefix(self._speaker, envelope.partition)
                if envelope.speaker != self._speaker or not message.subject.startswith(place):
                    raise BadEnvelope("stranger")
                yield envelope
            except BadEnvelope as bad:
                UNREADABLE.labels(self._ears.listener, self._speaker, str(bad)).inc()
                log.warning("intake.unreadable", durable=message.durable.name, reason=str(bad))

    async def _look(self) -> None:
        if _now() - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = _now()
        partitions = sorted(number for durable in self._mine for number in durable.partitions)
        await self._ears.repair.look(self._speaker, partitions=partitions)


def _now() -> float:
    return asyncio.get_running_loop().time()
