"""From the broker to the handlers: one transaction per batch, in which positions and effects advance together.

An event counts once because the position row is locked, compared and moved in the transaction of its effect:
a redelivery, a second worker or a thawed one finds the number behind the position and changes nothing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import structlog
from pydantic import ValidationError

from shared.events.catalogue import BY_TYPE
from shared.events.envelope import BadEnvelope, Envelope, Fact
from shared.platform import positions, request_context
from shared.platform.broker import Broker, Pulled
from shared.platform.database import Database, Transaction
from shared.platform.freshness import Watermarks, positions_heard
from shared.platform.metrics import APPLIED, DISCARDED, EVENT_AGE, REPAIRED, UNREADABLE, WATERMARK_AGE
from shared.platform.problems import blames_event
from shared.platform.repair import Feed, FeedUnavailable
from shared.platform.topology import Durable, durables

log = structlog.get_logger()

BATCH = 500
LOOK_EVERY = 3.0
"""Seconds between two comparisons of positions and watermarks."""

FactT = TypeVar("FactT", bound=Fact)


@dataclass(frozen=True, slots=True)
class Heard(Generic[FactT]):
    """A fact as it was heard, with the envelope it came in."""

    fact: FactT
    envelope: Envelope


Handler = Callable[[Transaction, list[Heard[Any]]], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """Facts of one speaker that one handler takes, as a list per batch, in the order of each aggregate."""

    speaker: str
    facts: tuple[type[Fact], ...]
    handler: Handler


class EpochChanged(Exception):
    """The speaker's log is another incarnation: its numbers mean other events, a person has to decide."""


class Intake:
    """Applies what one listener hears; several may run, the position rows keep them apart."""

    def __init__(
        self,
        database: Database,
        broker: Broker,
        *,
        feed: Feed,
        listener: str,
        subscriptions: Sequence[Subscription],
        watermarks: Watermarks,
    ) -> None:
        self._database = database
        self._broker = broker
        self._feed = feed
        self._listener = listener
        self._subscriptions = subscriptions
        self._watermarks = watermarks

    async def run(self) -> None:
        """Pull every durable of this listener until cancelled."""
        async with asyncio.TaskGroup() as group:
            for durable in durables(self._listener):
                group.create_task(self._run_durable(durable))

    async def _run_durable(self, durable: Durable) -> None:
        while True:
            try:
                await self._pull(durable)
            except EpochChanged as changed:
                log.critical("intake.epoch_changed", speaker=durable.speaker, detail=str(changed))
                await asyncio.sleep(5)
            except Exception as error:  # noqa: BLE001 - a listener never gives up; the class is logged
                log.warning("intake.interrupted", durable=durable.name, error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _pull(self, durable: Durable) -> None:
        look_at, before = time.monotonic() + LOOK_EVERY, dict[int, int]()
        async with aclosing(self._broker.pulls(durable, batch=BATCH)) as pulls:
            async for pulled in pulls:
                self._show_age(durable.speaker)
                if pulled:
                    await self._take(durable, pulled)
                if time.monotonic() >= look_at:
                    before = await self._repair_tails(durable, before)
                    look_at = time.monotonic() + LOOK_EVERY

    def _show_age(self, speaker: str) -> None:
        age = self._watermarks.age_of(speaker)
        if age is not None:
            WATERMARK_AGE.labels(self._listener, speaker).set(age)

    async def _take(self, durable: Durable, pulled: Sequence[Pulled]) -> None:
        envelopes: list[Envelope] = []
        readable: list[Pulled] = []
        for message in pulled:
            try:
                envelope = Envelope.from_json(message.data)
                if envelope.speaker != durable.speaker or envelope.partition not in durable.partitions:
                    raise BadEnvelope("stranger")
            except BadEnvelope as bad:
                # Its hole, if it was a real event, is repaired from the feed.
                UNREADABLE.labels(self._listener, durable.speaker).inc()
                log.warning("intake.unreadable", durable=durable.name, reason=str(bad))
                await message.terminate()
                continue
            envelopes.append(envelope)
            readable.append(message)
        await self.hear(envelopes)
        for message in readable:
            await message.ack()

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Apply events of one speaker, filling holes from its feed. Raises what a database that is away raises."""
        waiting = sorted(envelopes, key=lambda envelope: (envelope.partition, envelope.sequence))
        while waiting:
            holes = await self._apply(waiting)
            if not holes:
                return
            missing = await self._fetch(waiting[0].speaker, holes)
            known = {(envelope.partition, envelope.sequence): envelope for envelope in [*missing, *waiting]}
            waiting = [known[place] for place in sorted(known)]

    async def _fetch(self, speaker: str, holes: dict[int, int]) -> list[Envelope]:
        missing: list[Envelope] = []
        for partition, after in holes.items():
            found = await self._feed.events(speaker, partition=partition, after=after)
            if not found:
                raise FeedUnavailable(f"{speaker}/{partition:02d} has nothing after {after}")
            missing += found
        REPAIRED.labels(self._listener, speaker).inc(len(missing))
        log.info("intake.repaired", speaker=speaker, events=len(missing))
        return missing

    async def _repair_tails(self, durable: Durable, before: dict[int, int]) -> dict[int, int]:
        """A partition that has not moved since the look before though its speaker is ahead: its tail was lost.

        Gives the positions of this look. The other partitions may be as busy as they like.
        """
        heads = self._watermarks.heads.get(durable.speaker, {})
        async with self._database.reading() as connection:
            heard = (await positions_heard(connection, service=self._listener))[durable.speaker]
        for partition in durable.partitions:
            after = heard.get(partition, 0)
            while before.get(partition) == heard.get(partition, 0) and heads.get(partition, 0) > after:
                found = await self._feed.events(durable.speaker, partition=partition, after=after)
                if not found:
                    break
                REPAIRED.labels(self._listener, durable.speaker).inc(len(found))
                await self.hear(found)
                after = found[-1].sequence
        return {partition: heard.get(partition, 0) for partition in durable.partitions}

    async def _apply(self, envelopes: Sequence[Envelope], *, tried: bool = False) -> dict[int, int]:
        """Apply in one transaction; when events are to blame, halve until one is parked. Gives the holes.

        An error of the machine or of a deploy (no table, read-only server, full disk) is not an event's fault:
        it is raised and the batch comes again.
        """
        try:
            return await self._apply_together(envelopes)
        except EpochChanged:
            raise
        except Exception as error:
            if not blames_event(error):
                raise
            if len(envelopes) == 1 and not tried:
                return await self._apply(envelopes, tried=True)
            if len(envelopes) == 1:
                await self._park_alone(envelopes[0], reason=reason_of(error))
                return {}
            middle = len(envelopes) // 2
            holes = await self._apply(envelopes[:middle])
            return holes or await self._apply(envelopes[middle:])

    async def _park_alone(self, envelope: Envelope, *, reason: str) -> None:
        async with self._database.transaction() as tx:
            held = await positions.lock(tx, source=envelope.speaker, partitions=[envelope.partition])
            if envelope.sequence == held[envelope.partition].last_seq + 1:
                await positions.park(tx, envelope, listener=self._listener, reason=reason)
                await positions.advance(tx, [envelope])

    async def _apply_together(self, envelopes: Sequence[Envelope]) -> dict[int, int]:
        source = envelopes[0].speaker
        partitions = sorted({envelope.partition for envelope in envelopes})
        async with self._database.transaction() as tx:
            held = await positions.lock(tx, source=source, partitions=partitions)
            fresh, holes = contiguous(envelopes, held)
            DISCARDED.labels(self._listener, source).inc(
                sum(envelope.sequence <= held[envelope.partition].last_seq for envelope in envelopes)
            )
            if fresh:
                await self._handle(tx, fresh)
                await positions.advance(tx, fresh)
        self._measure(source, fresh)
        return holes

    async def _handle(self, tx: Transaction, fresh: Sequence[Envelope]) -> None:
        behind = await positions.parked_aggregates(tx, fresh)
        heard: list[Heard[Fact]] = []
        for envelope in fresh:
            reason = "behind_parked" if envelope.aggregate_id in behind else None
            if reason is None:
                try:
                    heard.append(Heard(decode(envelope), envelope))
                except (KeyError, ValidationError) as error:
                    reason = "unknown_type" if isinstance(error, KeyError) else "bad_data"
            if reason is not None:
                behind.add(envelope.aggregate_id)
                await positions.park(tx, envelope, listener=self._listener, reason=reason)
        if heard:
            request_context.continue_trace(heard[0].envelope.traceparent)
        for subscription in self._subscriptions:
            mine = [item for item in heard if isinstance(item.fact, subscription.facts)]
            if mine and mine[0].envelope.speaker == subscription.speaker:
                await subscription.handler(tx, mine)

    def _measure(self, source: str, fresh: Iterable[Envelope]) -> None:
        now = datetime.now(UTC)
        ages = EVENT_AGE.labels(self._listener, source)
        count = 0
        for envelope in fresh:
            count += 1
            ages.observe(max(0.0, (now - envelope.recorded_at).total_seconds()))
        APPLIED.labels(self._listener, source).inc(count)


def reason_of(error: Exception) -> str:
    """Class of an error, with the database's own code where it has one; its text may quote a value."""
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def decode(envelope: Envelope) -> Fact:
    """The fact in an envelope. Raises KeyError on an unknown type, ValidationError on data of another shape."""
    return BY_TYPE[envelope.type].model_validate_json(envelope.data)


def contiguous(
    envelopes: Sequence[Envelope], held: dict[int, positions.Held]
) -> tuple[list[Envelope], dict[int, int]]:
    """What may be applied now, and per partition with a hole the last number before it.

    Raises EpochChanged when an event belongs to another incarnation of its log.
    """
    reached = {partition: position.last_seq for partition, position in held.items()}
    fresh: list[Envelope] = []
    holes: dict[int, int] = {}
    for envelope in envelopes:
        epoch = held[envelope.partition].epoch
        if epoch is not None and epoch != envelope.epoch:
            raise EpochChanged(f"{envelope.speaker}: {epoch} -> {envelope.epoch}")
        if envelope.sequence <= reached[envelope.partition]:
            continue
        if envelope.sequence > reached[envelope.partition] + 1:
            holes.setdefault(envelope.partition, reached[envelope.partition])
            continue
        fresh.append(envelope)
        reached[envelope.partition] = envelope.sequence
    return fresh, holes
