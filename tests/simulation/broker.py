"""A broker of four streams with durable consumers, and every way in which it loses, repeats and forgets."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from uuid import UUID

from shared.events.envelope import BadEnvelope, Envelope
from shared.events.watermark import Watermark
from shared.platform.exchange.broker import BrokerUnavailable, Holding, PublishFailed, Pulled, Tail
from shared.platform.topology import SPEAKERS, Durable, durables
from tests.simulation.books import check_confirmed
from tests.simulation.loop import Life, let_go
from tests.simulation.truth import Place
from tests.simulation.world import World

ACK_WAIT = 6.0
"""Shorter than the real one, so that a run has several of them."""
DUPLICATES = 3.0
"""Seconds for which a repeated publication is recognised."""
UNCONFIRMED = 5.0
"""Seconds after which the client gives a publication up."""
JUNK = (b"", b"not json", b'{"specversion":"1.0"}', b"\xff\xfe")


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message; `envelope` is None for a stranger's, and not to be read where the body is damaged."""

    seq: int
    partition: int
    data: bytes
    envelope: Envelope | None
    damaged: bool = False


@dataclass
class Consumer:
    """Where a durable stands: the next number to deliver, and what was delivered and not confirmed."""

    next: int = 1
    pending: dict[int, float] = field(default_factory=dict)


@dataclass
class Stream:
    """One speaker's stream and its durables."""

    epoch: UUID
    messages: list[Message] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)

    def copy(self) -> "Stream":
        """As the disk has it."""
        return Stream(self.epoch, list(self.messages), dict(self.seen), deepcopy(self.consumers))

    def lose(self, count: int) -> None:
        """Its last messages are gone; what is recognised as repeated is what is still stored."""
        self.messages = self.messages[: max(0, len(self.messages) - count)]
        held = {message.envelope.message_id for message in self.messages if message.envelope}
        self.seen = {name: at for name, at in self.seen.items() if name in held}
        for consumer in self.consumers.values():
            consumer.next = min(consumer.next, len(self.messages) + 1)
            consumer.pending = {
                at: until for at, until in consumer.pending.items() if at <= len(self.messages)
            }


class Server:
    """The broker; `None` for a stream that is not there until it is provisioned."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.up = True
        self.cut: set[str] = set()
        self.streams: dict[str, Stream | None] = dict.fromkeys(SPEAKERS)
        self.clients: dict[str, SimulatedBroker] = {}
        self.waiting: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)
        self.provision()

    def provision(self) -> None:
        """Make what is missing, as at deploy time."""
        for speaker in SPEAKERS:
            stream = self.streams[speaker]
            if stream is None:
                stream = self.streams[speaker] = Stream(self.world.identity())
            for durable in durables():
                if durable.speaker == speaker:
                    stream.consumers.setdefault(durable.name, Consumer())

    def cut_off(self, *services: str) -> None:
        """No process of these services reaches the broker any more."""
        self.cut |= set(services)
        for client in self.clients.values():
            client.connected = client.connected and client.life.service not in self.cut

    def let_in(self, *services: str) -> None:
        """They reach it again, each over a new connection, if it is up."""
        self.cut -= set(services)
        for client in self.clients.values():
            if self.up and not client.connected and client.life.service not in self.cut:
                client.connected = True
                client.connection += 1

    def forget(self, life: Life) -> None:
        """A client is gone."""
        self.clients.pop(life.name, None)

    def store(self, speaker: str, envelope: Envelope) -> None:
        """One publication reaches its stream."""
        stream, now = self.streams[speaker], self.world.loop.time()
        if stream is None:
            raise PublishFailed("no stream")
        if now - stream.seen.get(envelope.message_id, float("-inf")) < DUPLICATES:
            return
        stream.seen[envelope.message_id] = now
        for _ in range(1 + self.world.happens("stored_twice")):
            data = envelope.to_json().encode()
            damaged = self.world.happens("damaged")
            if damaged:
                data = self.world.chance.choice(
                    [data[:-9], data[:40], b"", data.replace(b'"data":{', b'"data":{{')]
                )
            self.add(speaker, partition=envelope.partition, data=data, envelope=envelope, damaged=damaged)

    def add(
        self, speaker: str, *, partition: int, data: bytes, envelope: Envelope | None, damaged: bool
    ) -> None:
        """Store a message, whoever sent it, and wake who waits."""
        stream = self.streams[speaker]
        if stream is None:
            return
        stream.messages.append(Message(len(stream.messages) + 1, partition, data, envelope, damaged))
        for waiting in self.waiting.pop(speaker, []):
            let_go(waiting)

    def tails(self, speaker: str) -> Holding:
        """What it holds of a speaker. Raises BrokerUnavailable."""
        stream = self.streams[speaker]
        if stream is None:
            raise BrokerUnavailable("no stream")
        newest = {message.partition: message.data for message in stream.messages}
        tails: dict[int, Tail] = {}
        for partition, data in sorted(newest.items()):
            with suppress(BadEnvelope):
                at = Envelope.from_json(data)
                if (at.speaker, at.partition) == (speaker, partition):
                    tails[partition] = Tail(at.epoch, at.sequence, at.id)
        return Holding(str(stream.epoch), tails)

    def deliver(self, durable: Durable, limit: int) -> list[Message]:
        """The next messages of a durable: what waited too long for its confirmation, then what is new."""
        stream = self.streams[durable.speaker]
        consumer = stream.consumers.get(durable.name) if stream else None
        if stream is None or consumer is None:
            return []
        now, world = self.world.loop.time(), self.world
        due = sorted(seq for seq, until in consumer.pending.items() if until <= now)
        found = [stream.messages[seq - 1] for seq in due][:limit]
        while len(found) < limit and consumer.next <= len(stream.messages):
            message = stream.messages[consumer.next - 1]
            consumer.next += 1
            if message.partition in durable.partitions and not world.happens("skipped"):
                found.append(message)
        for message in found:
            consumer.pending[message.seq] = now + ACK_WAIT
        found = [message for message in found if not world.happens("lost_on_the_way")]
        found += [message for message in found if world.happens("delivered_twice")]
        if world.happens("shuffled"):
            world.chance.shuffle(found)
        return found

    def confirm(self, durable: Durable, seq: int) -> None:
        """Everything of a durable up to a number need not come again."""
        stream = self.streams[durable.speaker]
        consumer = stream.consumers.get(durable.name) if stream else None
        if consumer is not None:
            consumer.pending = {at: until for at, until in consumer.pending.items() if at > seq}


class SimulatedPulls:
    """Batches of some durables of one speaker."""

    def __init__(self, client: "SimulatedBroker", speaker: str) -> None:
        self._client = client
        self._server = client.server
        self._speaker = speaker
        self._durables: list[Durable] = []
        self._taken: dict[str, Message] = {}

    def follow(self, durables: Collection[Durable]) -> None:
        self._durables = sorted(durables, key=lambda durable: durable.group)

    async def take(self, limit: int, *, within: float) -> list[Pulled]:
        world = self._server.world
        until = world.loop.time() + within
        while True:
            await world.travel(self._client.life, f"take {self._speaker}")
            found = self._deliver(min(limit, world.chance.choice([1, 3, 20, 500])))
            if found or world.loop.time() >= until:
                await world.travel(self._client.life, f"took {len(found)} of {self._speaker}")
                return found
            await self._wait(until)

    def _deliver(self, limit: int) -> list[Pulled]:
        if not self._client.connected:
            return []
        found = []
        for durable in self._durables:
            for message in self._server.deliver(durable, limit):
                reply = f"{durable.name}.{message.seq}"
                self._taken[reply] = message
                subject = f"evt.{self._speaker}.p{message.partition:02d}.thing.said.v1"
                found.append(Pulled(message.data, subject, durable, reply))
        return found

    async def _wait(self, until: float) -> None:
        waiting = self._server.world.loop.create_future()
        self._server.waiting[self._speaker].append(waiting)
        timer = self._server.world.loop.call_at(until, let_go, waiting)
        await waiting
        timer.cancel()

    async def confirm(self, pulled: Sequence[Pulled]) -> None:
        last = {message.durable: message.reply for message in pulled}
        sound = self._sound(pulled)
        await self._server.world.travel(self._client.life, f"confirm {len(pulled)} of {self._speaker}")
        check_confirmed(self._server.world, self._client.life.service, sound=sound)
        if self._client.connected and not self._server.world.happens("confirm_lost"):
            for durable, reply in last.items():
                self._server.confirm(durable, int(reply.rpartition(".")[2]))

    def _sound(self, pulled: Sequence[Pulled]) -> list[tuple[Place, int]]:
        """What must have been applied by now: a damaged copy stands for its sound ones, a hole to be repaired."""
        taken = [message for pull in pulled if (message := self._taken.pop(pull.reply, None))]
        taken = [message for message in taken if message.envelope is not None]
        places = [((at.speaker, at.partition), at.sequence) for message in taken if (at := message.envelope)]
        damaged = {place for place, message in zip(places, taken, strict=True) if message.damaged}
        return [place for place in places if place not in damaged]

    async def close(self) -> None:
        self.follow(())


class SimulatedBroker:
    """One connection of one process."""

    def __init__(self, server: Server, life: Life) -> None:
        self.server = server
        self.life = life
        self.connected = False
        self.connection = 0
        self.hears: defaultdict[str, list[Callable[[Watermark], None]]] = defaultdict(list)

    async def connect(self) -> None:
        self.server.clients[self.life.name] = self
        self.server.let_in()
        while not self.connected:
            await asyncio.sleep(0.5)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        world = self.server.world
        first = f"{envelopes[0].partition:02d}/{envelopes[0].sequence}"
        await world.travel(self.life, f"publish {len(envelopes)} from {first}")
        if not self.connected:
            raise PublishFailed("disconnected")
        partial_ = world.happens("publish_partial")
        for envelope in envelopes:
            if not partial_ or world.chance.random() < 0.5:
                self.server.store(self.life.service, envelope)
        if partial_ or world.happens("publish_unconfirmed"):
            await asyncio.sleep(UNCONFIRMED * world.chance.random())
            raise PublishFailed("time")
        for envelope in envelopes:
            world.truth.confirmed[self.life.service, envelope.partition].add(envelope.id)
        await world.travel(self.life, "published")
        if not self.connected:
            raise PublishFailed("disconnected")

    async def announce(self, watermark: Watermark) -> None:
        world = self.server.world
        await world.travel(self.life, "announce")
        if not self.connected:
            return
        for client in self.server.clients.values():
            for hear in client.hears[self.life.service] if client.connected else ():
                if not world.happens("watermark_lost"):
                    delay = 8.0 * world.chance.random() if world.happens("watermark_late") else 0.0
                    world.loop.call_later(delay, hear, watermark, context=client.life.context)

    async def on_watermark(self, speaker: str, hear: Callable[[Watermark], None]) -> None:
        self.hears[speaker].append(hear)

    async def pulls(self, speaker: str) -> SimulatedPulls:
        return SimulatedPulls(self, speaker)

    async def holding(self) -> Holding:
        await self.server.world.travel(self.life, "holding >")
        if not self.connected:
            raise BrokerUnavailable("disconnected")
        found = self.server.tails(self.life.service)
        await self.server.world.travel(self.life, "holding <")
        return found
