"""Applying what was heard: one transaction per batch, in which positions and effects advance together.

An event counts once because the position row is locked, compared and moved in the transaction of its effect:
a redelivery, a second worker or a thawed one finds the number behind the position and changes nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

import structlog
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from shared.events.catalogue import UPCASTING, read_fact
from shared.events.envelope import BadEnvelope, Envelope, Fact
from shared.platform import request_context
from shared.platform.database import Transaction
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.intake_store import Held, IntakeStore, IntakeTransaction
from shared.platform.failures import blames_event
from shared.platform.metrics import APPLIED, DISCARDED, EVENT_AGE, PARKED, REPAIRED, UNREADABLE
from shared.platform.tracing import TRACING

log = structlog.get_logger()

FactT = TypeVar("FactT", bound=Fact)

NOT_JSON = "json_invalid"


@dataclass(frozen=True, slots=True)
class Heard(Generic[FactT]):
    """A fact as it was heard, with the envelope it came in."""

    fact: FactT
    envelope: Envelope
    known_at: datetime | None = None
    """When it was recorded, for one that is heard again; what is heard for the first time is known from now on."""
    derived: bool = True
    """False while a rebuild catches up: what is derived from facts is then derived once, from all of them."""


@dataclass(frozen=True, slots=True)
class Read:
    """An envelope with what its data says: a fact, nothing that this listener takes, or why it cannot be read."""

    envelope: Envelope
    fact: Fact | None = None
    refused: str | None = None


Handler = Callable[[Transaction, list[Heard[Any]]], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """Facts of one speaker that one handler takes, as a list per batch, in the order of each aggregate."""

    speaker: str
    facts: tuple[type[Fact], ...]
    handler: Handler


class Feed(Protocol):
    """The speakers' own logs, read over HTTP."""

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """The next events of a partition, in order. Raises FeedUnavailable."""


class LogChanged(Exception):
    """The speaker's log is not the one that was followed: its numbers mean other events, a person has to decide."""

    def __init__(self, reason: str, *, source: str, partition: int, seq: int) -> None:
        super().__init__(f"{reason}: {source}/{partition:02d}/{seq}")
        self.reason = reason
        self.detail = {"partition": partition, "seq": seq}


class SourceHalted(Exception):
    """A person has to decide, or somebody is hearing this source again: nothing is applied beside that."""


class StillRefused(Exception):
    """A parked event cannot be read any better than when it was parked."""


class Applier:
    """Applies events of any speaker for one listener."""

    heeds_halts = True
    """False for those who hear again what was halted for their sake."""

    def __init__(
        self, store: IntakeStore, *, feed: Feed, listener: str, subscriptions: Sequence[Subscription]
    ) -> None:
        self._store = store
        self._feed = feed
        self.listener = listener
        self._subscriptions = subscriptions
        taken = tuple(fact for subscription in subscriptions for fact in subscription.facts)
        self._wanted = {name: issubclass(UPCASTING.newest(name), taken) for name in UPCASTING.types}

    async def hear(self, envelopes: Iterable[Envelope]) -> None:
        """Apply events of one speaker, filling holes from its feed.

        Raises LogChanged, FeedUnavailable, and what a database that is away raises: nothing is lost, it comes again.
        """
        known = {(envelope.partition, envelope.sequence): envelope for envelope in envelopes}
        while known:
            waiting = [read for place in sorted(known) if (read := self._readable(known[place])) is not None]
            if not waiting:
                return
            holes = await self._apply(waiting)
            if not holes:
                return
            # What was applied is done with; only what stands behind a hole waits for it, however long the hole is.
            known = {place: known[place] for place in known if place[1] > holes.get(place[0], place[1])}
            speaker = waiting[0].envelope.speaker
            known |= {(found.partition, found.sequence): found for found in await self._fetch(speaker, holes)}

    def _readable(self, envelope: Envelope) -> Read | None:
        """None for a copy that is damaged: it is a hole, which the speaker's own log fills."""
        try:
            return self.read(envelope)
        except BadEnvelope as bad:
            UNREADABLE.labels(self.listener, envelope.speaker, str(bad)).inc()
            log.warning("intake.damaged", partition=envelope.partition, seq=envelope.sequence)
            return None

    def read(self, envelope: Envelope) -> Read:
        """Read the data of an event that is taken here. Raises BadEnvelope when it is no JSON."""
        wanted = self._wanted.get(envelope.type)
        if wanted is None:
            return Read(envelope, refused="unknown_type")
        if not wanted:
            return Read(envelope)
        try:
            return Read(envelope, read_fact(envelope.type, envelope.data))
        except ValidationError as error:
            if any(detail["type"] == NOT_JSON for detail in error.errors(include_input=False)):
                raise BadEnvelope(NOT_JSON) from error
            return Read(envelope, refused="bad_data")

    async def drive(self, work: Transaction, envelopes: Sequence[Envelope]) -> None:
        """Hand parked events of one aggregate to the handlers again, in order. Raises StillRefused."""
        heard: list[Heard[Fact]] = []
        for envelope in envelopes:
            read = self.read(envelope)
            if read.refused is not None:
                raise StillRefused(read.refused)
            if read.fact is not None:
                heard.append(Heard(read.fact, envelope))
        request_context.continue_trace(envelopes[0].traceparent)
        await dispatch(work, heard, subscriptions=self._subscriptions)

    async def _fetch(self, speaker: str, holes: dict[int, int]) -> list[Envelope]:
        missing: list[Envelope] = []
        for partition, after in holes.items():
            found = await self._feed.events(speaker, partition=partition, after=after)
            if not found:
                raise FeedUnavailable(f"{speaker}/{partition:02d} has nothing after {after}")
            missing += found
        REPAIRED.labels(self.listener, speaker).inc(len(missing))
        log.info("intake.repaired", speaker=speaker, events=len(missing))
        return missing

    async def _apply(self, reads: Sequence[Read], *, tried: bool = False) -> dict[int, int]:
        """Apply in one transaction; when events are to blame, halve until one is parked. Gives the holes.

        An error of the machine or of a deploy (no table, read-only server, full disk) is not an event's fault:
        it is raised and the batch comes again.
        """
        try:
            return await self._apply_together(reads)
        except (LogChanged, SourceHalted):
            raise
        except Exception as error:
            if not blames_event(error):
                raise
            if len(reads) == 1 and not tried:
                return await self._apply(reads, tried=True)
            if len(reads) == 1:
                return await self._apply_together([Read(reads[0].envelope, refused=reason_of(error))])
            middle = len(reads) // 2
            return await self._apply(reads[:middle]) | await self._apply(reads[middle:])

    async def _apply_together(self, reads: Sequence[Read]) -> dict[int, int]:
        source = reads[0].envelope.speaker
        since = TRACING.began()
        async with self._store.begin() as tx:
            held = await tx.lock(source, {read.envelope.partition for read in reads})
            if self.heeds_halts and any(at.halted for at in held.values()):
                raise SourceHalted(source)
            fresh, holes = contiguous(reads, held)
            DISCARDED.labels(self.listener, source).inc(
                sum(read.envelope.sequence <= held[read.envelope.partition].last_seq for read in reads)
            )
            parked = await self._handle(tx, fresh) if fresh else []
            if fresh:
                await tx.advance([read.envelope for read in fresh])
        self._measure(source, fresh, parked=parked)
        TRACING.carried(
            f"process {source}",
            (read.envelope.traceparent for read in fresh),
            kind=SpanKind.CONSUMER,
            since=since,
            attributes={"messaging.operation.type": "process", "messaging.destination.name": source},
        )
        return holes

    async def _handle(self, tx: IntakeTransaction, fresh: Sequence[Read]) -> list[tuple[Envelope, str]]:
        """Park what cannot be applied and what stands behind it, then hand the rest to the handlers."""
        source = fresh[0].envelope.speaker
        behind = await tx.parked_aggregates(source, {read.envelope.aggregate_id for read in fresh})
        parked: list[tuple[Envelope, str]] = []
        heard: list[Heard[Fact]] = []
        for read in fresh:
            aggregate = read.envelope.aggregate_id
            if aggregate in behind or read.refused is not None:
                behind.add(aggregate)
                parked.append((read.envelope, read.refused or "behind_parked"))
            elif read.fact is not None:
                heard.append(Heard(read.fact, read.envelope))
        if parked:
            await tx.park(parked)
        if heard:
            request_context.continue_trace(heard[0].envelope.traceparent)
        await self.tell(tx.work, heard)
        return parked

    async def tell(self, work: Transaction, heard: Sequence[Heard[Fact]]) -> None:
        """Hand the facts of one batch to the handlers."""
        await dispatch(work, heard, subscriptions=self._subscriptions)

    def _measure(self, source: str, fresh: Sequence[Read], *, parked: Sequence[tuple[Envelope, str]]) -> None:
        now = datetime.now(UTC)
        ages = EVENT_AGE.labels(self.listener, source)
        for read in fresh:
            ages.observe(max(0.0, (now - read.envelope.recorded_at).total_seconds()))
        APPLIED.labels(self.listener, source).inc(len(fresh) - len(parked))
        for envelope, reason in parked:
            PARKED.labels(self.listener, source, reason).inc()
            place = f"{source}/{envelope.partition:02d}/{envelope.sequence}"
            log.error("intake.parked", position=place, type=envelope.type, reason=reason)


async def dispatch(
    work: Transaction, heard: Sequence[Heard[Fact]], *, subscriptions: Sequence[Subscription]
) -> None:
    """Hand each handler the facts it takes, as one list."""
    for subscription in subscriptions:
        mine = [item for item in heard if isinstance(item.fact, subscription.facts)]
        if mine and mine[0].envelope.speaker == subscription.speaker:
            await subscription.handler(work, mine)


def reason_of(error: Exception) -> str:
    """Class of an error, with the database's own code where it has one; its text may quote a value."""
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def contiguous(reads: Sequence[Read], held: dict[int, Held]) -> tuple[list[Read], dict[int, int]]:
    """What may be applied now, and per partition with a hole the last number before it.

    What still comes of a superseded incarnation is left out: what stands of it has its number in the one after it.
    Raises LogChanged when an event belongs to another incarnation of its log, or names another predecessor.
    """
    reached = dict(held)
    fresh: list[Read] = []
    holes: dict[int, int] = {}
    for read in reads:
        envelope = read.envelope
        at = reached[envelope.partition]
        if envelope.epoch in at.superseded:
            continue
        if at.epoch is not None and at.epoch != envelope.epoch:
            raise _changed("epoch_changed", envelope)
        if envelope.sequence <= at.last_seq:
            continue
        if envelope.sequence > at.last_seq + 1:
            holes.setdefault(envelope.partition, at.last_seq)
            continue
        if envelope.previous_id is not None and at.last_id is not None and envelope.previous_id != at.last_id:
            raise _changed("lineage_broken", envelope)
        fresh.append(read)
        reached[envelope.partition] = Held(envelope.sequence, envelope.id, envelope.epoch, at.superseded)
    return fresh, holes


def _changed(reason: str, envelope: Envelope) -> LogChanged:
    return LogChanged(reason, source=envelope.speaker, partition=envelope.partition, seq=envelope.sequence)
