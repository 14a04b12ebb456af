"""NATS JetStream as the broker of one service."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4
from weakref import WeakSet

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.events.envelope import BadEnvelope, Envelope
from shared.events.watermark import BadWatermark, Watermark
from shared.platform.exchange.broker import BrokerClosed, BrokerUnavailable, Holding, PublishFailed, Tail
from shared.platform.exchange.nats_pulls import NatsPulls
from shared.platform.metrics import BROKER_REFUSALS
from shared.platform.topology import (
    PARTITIONS,
    inbox_of,
    partition_subject,
    stream_of,
    watermark_subject,
)

log = structlog.get_logger()

ACK_DEADLINE = 5.0
WINDOW = 100
"""Single publications in flight when a batch has to be repeated one by one."""


class NatsBroker:
    """One connection of one service to NATS."""

    def __init__(self, url: str, *, identity: str, seed_file: Path | None) -> None:
        self._url = url
        self._identity = identity
        self._seed_file = seed_file
        self._client = Client()
        self._jetstream: JetStreamContext | None = None
        self._connection = 0
        self._closed = asyncio.Event()
        self._pulls: WeakSet[NatsPulls] = WeakSet()

    @property
    def connected(self) -> bool:
        """Whether publications can be confirmed now."""
        return self._client.is_connected

    @property
    def connection(self) -> int:
        """Number of this connection, from 1 on."""
        return self._connection

    async def connect(self) -> None:
        """Connect, trying for ever: the services work without a broker, only later."""
        while not self._client.is_connected:
            try:
                self._client = await nats.connect(
                    self._url,
                    name=f"tremplin-{self._identity}",
                    nkeys_seed=str(self._seed_file) if self._seed_file else None,
                    inbox_prefix=inbox_of(self._identity).encode(),
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.5,
                    connect_timeout=2,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    pending_size=16 * 1024 * 1024,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_disconnected,
                    reconnected_cb=self._on_reconnected,
                    closed_cb=self._on_closed,
                )
            except (OSError, NatsError, TimeoutError) as error:
                log.warning("broker.unreachable", error=type(error).__name__)
                await asyncio.sleep(1)
        self._connection += 1
        self._jetstream = self._client.jetstream(timeout=ACK_DEADLINE)

    async def close(self) -> None:
        """Leave; what was not confirmed is published again later."""
        if not self._connection:
            return  # the client knows no leaving before it was there
        with suppress(NatsError, OSError, TimeoutError):
            await self._client.close()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish in order and wait until all are stored. Raises PublishFailed.

        One atomic batch is one sync of the broker's disk; a batch that holds an event published
        before is refused whole by the broker, then each goes alone and duplicates are dropped there.
        """
        # Published while disconnected, it would wait in a buffer and come out in another order.
        if not self.connected:
            raise PublishFailed("disconnected")
        try:
            if len(envelopes) > 1 and await self._publish_batch(envelopes):
                return
            await self._publish_singly(envelopes)
        except (NatsError, OSError, TimeoutError, ValueError) as error:
            raise PublishFailed(type(error).__name__) from error

    async def _publish_batch(self, envelopes: Sequence[Envelope]) -> bool:
        batch = uuid4().hex
        last = len(envelopes)
        for number, envelope in enumerate(envelopes[:-1], start=1):
            await self._client.publish(
                envelope.subject,
                envelope.to_json().encode(),
                headers=_headers(envelope) | _batch_headers(batch, number),
            )
        answer = await self._client.request(
            envelopes[-1].subject,
            envelopes[-1].to_json().encode(),
            timeout=ACK_DEADLINE,
            headers=_headers(envelopes[-1]) | _batch_headers(batch, last) | {"Nats-Batch-Commit": "1"},
        )
        verdict = json.loads(answer.data or b"{}")
        if "error" in verdict:
            log.info("broker.batch_refused", code=verdict["error"].get("err_code"), events=last)
            return False
        return bool(verdict.get("stream") == stream_of(self._identity) and verdict.get("count") == last)

    async def _publish_singly(self, envelopes: Sequence[Envelope]) -> None:
        assert self._jetstream is not None  # noqa: S101 - connected
        for start in range(0, len(envelopes), WINDOW):
            answers = await asyncio.gather(
                *(
                    self._jetstream.publish(
                        envelope.subject,
                        envelope.to_json().encode(),
                        timeout=ACK_DEADLINE,
                        headers=_headers(envelope),
                    )
                    for envelope in envelopes[start : start + WINDOW]
                )
            )
            if any(answer.stream != stream_of(self._identity) for answer in answers):
                raise PublishFailed("another stream")

    async def announce(self, watermark: Watermark) -> None:
        """Announce how far this service's log reaches; the next second repeats what was lost."""
        with suppress(NatsError, OSError):
            await self._client.publish(watermark_subject(self._identity), watermark.to_json())

    async def on_watermark(self, speaker: str, hear: Callable[[Watermark], None]) -> None:
        """Call `hear` with each announcement of a speaker."""

        async def heard(message: Msg) -> None:
            try:
                hear(Watermark.from_json(message.data))
            except BadWatermark as bad:
                log.warning("broker.bad_watermark", speaker=speaker, reason=str(bad))

        await self._client.subscribe(watermark_subject(speaker), cb=heard)

    async def pulls(self, speaker: str) -> NatsPulls:
        """Begin to pull what a speaker says; one inbox per durable."""
        pulls = NatsPulls(self._client, identity=self._identity, speaker=speaker)
        self._pulls.add(pulls)
        return pulls

    async def holding(self) -> Holding:
        """Epoch of this service's own stream, and the newest event of each partition. Raises BrokerUnavailable."""
        if not self.connected or self._jetstream is None:
            raise BrokerUnavailable("disconnected")
        stream = stream_of(self._identity)
        try:
            info = await self._jetstream.stream_info(stream)
            epoch = (info.config.metadata or {}).get("epoch", "") + str(info.created)
            found = await asyncio.gather(*(self._tail(stream, number) for number in range(PARTITIONS)))
        except (NatsError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(type(error).__name__) from error
        return Holding(epoch, {number: tail for number, tail in enumerate(found) if tail is not None})

    async def _tail(self, stream: str, partition: int) -> Tail | None:
        assert self._jetstream is not None  # noqa: S101 - connected
        try:
            newest = await self._jetstream.get_last_msg(stream, partition_subject(self._identity, partition))
            envelope = Envelope.from_json(newest.data or b"")
        except (NotFoundError, BadEnvelope):
            return None
        if (envelope.speaker, envelope.partition) != (self._identity, partition):
            # What strayed in says nothing about this log: its epoch is none of ours, and halts nobody.
            return None
        return Tail(envelope.epoch, envelope.sequence, envelope.id)

    async def newest_first(self) -> AsyncGenerator[list[Envelope], None]:
        """What the stream holds of this service's own log, newest page first. Raises BrokerUnavailable."""
        if not self.connected or self._jetstream is None:
            raise BrokerUnavailable("disconnected")
        stream = stream_of(self._identity)
        try:
            state = (await self._jetstream.stream_info(stream)).state
            for last in range(state.last_seq, state.first_seq - 1, -WINDOW):
                numbers = range(last, max(last - WINDOW, state.first_seq - 1), -1)
                found = await asyncio.gather(*(self._stored(stream, number) for number in numbers))
                yield [envelope for envelope in found if envelope is not None]
        except (NatsError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(type(error).__name__) from error

    async def _stored(self, stream: str, number: int) -> Envelope | None:
        assert self._jetstream is not None  # noqa: S101 - connected
        try:
            return Envelope.from_json((await self._jetstream.get_msg(stream, number)).data or b"")
        except (NotFoundError, BadEnvelope):
            return None

    async def until_closed(self) -> None:
        """Wait until the client has given up for good. Raises BrokerClosed: only a new process connects again."""
        await self._closed.wait()
        raise BrokerClosed

    async def _on_error(self, error: Exception) -> None:
        # The text of a permissions error names the subject only.
        if "permissions violation" in str(error).lower():
            BROKER_REFUSALS.labels(self._identity).inc()
            log.error("broker.right_refused", detail=str(error)[:200])
            return
        log.warning("broker.error", error=type(error).__name__, detail=str(error)[:200])

    async def _on_disconnected(self) -> None:
        log.warning("broker.disconnected")

    async def _on_closed(self) -> None:
        self._closed.set()

    async def _on_reconnected(self) -> None:
        self._connection += 1
        for pulls in self._pulls:
            pulls.forget_requests()
        log.info("broker.reconnected")


def _headers(envelope: Envelope) -> dict[str, str]:
    return {"Nats-Msg-Id": envelope.message_id, "Content-Type": "application/cloudevents+json"}


def _batch_headers(batch: str, number: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
