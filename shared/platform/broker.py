"""The broker as a thin port: publish a batch, pull a batch, announce and hear watermarks."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from shared.events.envelope import Envelope
from shared.platform.topology import Durable, inbox_of, stream_of, watermark_subject

log = structlog.get_logger()

ACK_DEADLINE = 5.0
WINDOW = 100
"""Single publications in flight when a batch has to be repeated one by one."""


class PublishFailed(Exception):
    """The broker did not confirm: the relay goes back to the first unconfirmed event."""


class BrokerClosed(Exception):
    """The server sent the client away, for example because its key was revoked."""


@dataclass(frozen=True)
class Pulled:
    """One message from a durable."""

    data: bytes
    message: Msg

    async def ack(self) -> None:
        """Confirm after the commit; a lost ack costs a redelivery that the position discards."""
        await self.message.ack()

    async def terminate(self) -> None:
        """Never again: it has no readable source and number."""
        await self.message.term()


class Broker:
    """One connection of one service to NATS."""

    def __init__(self, url: str, *, identity: str, seed_file: Path | None) -> None:
        self._url = url
        self._identity = identity
        self._seed_file = seed_file
        self._client = Client()
        self._jetstream: JetStreamContext | None = None
        self._closed = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether publications can be confirmed now."""
        return self._client.is_connected

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
        self._jetstream = self._client.jetstream(timeout=ACK_DEADLINE)

    async def close(self) -> None:
        """Leave; what was not confirmed is published again later."""
        with suppress(NatsError, OSError, TimeoutError):
            await self._client.close()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish in order and wait until all are stored. Raises PublishFailed.

        One atomic batch is one sync of the broker's disk; a batch that holds an event published
        before is refused whole by the broker, then each goes alone and duplicates are dropped there.
        """
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
        stream = stream_of(self._identity)
        for number, envelope in enumerate(envelopes[:-1], start=1):
            await self._client.publish(
                envelope.subject,
                envelope.to_json().encode(),
                headers=_headers(envelope, stream) | _batch_headers(batch, number),
            )
        answer = await self._client.request(
            envelopes[-1].subject,
            envelopes[-1].to_json().encode(),
            timeout=ACK_DEADLINE,
            headers=_headers(envelopes[-1], stream)
            | _batch_headers(batch, last)
            | {"Nats-Batch-Commit": "1"},
        )
        verdict = json.loads(answer.data or b"{}")
        if "error" in verdict:
            log.info("broker.batch_refused", code=verdict["error"].get("err_code"), events=last)
            return False
        return bool(verdict.get("count", last) == last)

    async def _publish_singly(self, envelopes: Sequence[Envelope]) -> None:
        assert self._jetstream is not None  # noqa: S101 - connected
        stream = stream_of(self._identity)
        for start in range(0, len(envelopes), WINDOW):
            await asyncio.gather(
                *(
                    self._jetstream.publish(
                        envelope.subject,
                        envelope.to_json().encode(),
                        timeout=ACK_DEADLINE,
                        stream=stream,
                        headers=_headers(envelope, stream),
                    )
                    for envelope in envelopes[start : start + WINDOW]
                )
            )

    async def announce(self, heads: dict[int, int]) -> None:
        """Announce the last numbers of this service's log."""
        content = json.dumps({f"{partition:02d}": seq for partition, seq in heads.items()})
        await self._client.publish(watermark_subject(self._identity), content.encode())

    async def on_watermark(self, speaker: str, hear: Callable[[dict[int, int]], None]) -> None:
        """Call `hear` with each announcement of a speaker."""

        async def heard(message: Msg) -> None:
            with suppress(ValueError, AttributeError):
                hear({int(partition): int(seq) for partition, seq in json.loads(message.data).items()})

        await self._client.subscribe(watermark_subject(speaker), cb=heard)

    async def pulls(self, durable: Durable, *, batch: int) -> AsyncGenerator[list[Pulled], None]:
        """Batches of a durable, for ever; an empty list when nothing came for a while."""
        assert self._jetstream is not None  # noqa: S101 - connected
        subscription = await self._jetstream.pull_subscribe_bind(
            durable.name,
            stream=stream_of(durable.speaker),
            inbox_prefix=inbox_of(self._identity).encode() + b".",
        )
        try:
            while True:
                yield [Pulled(message.data, message) for message in await self._fetch(subscription, batch)]
        finally:
            with suppress(NatsError):
                await subscription.unsubscribe()

    async def _fetch(self, subscription: JetStreamContext.PullSubscription, batch: int) -> list[Msg]:
        try:
            return await subscription.fetch(batch, timeout=1.0)
        except TimeoutError:
            return []
        except NatsError as error:
            # No stream or no consumer: as good as silence, so that the listener looks at the speaker's feed.
            log.warning("broker.cannot_pull", error=type(error).__name__)
            await asyncio.sleep(1)
            return []

    async def until_closed(self) -> None:
        """Wait until the client has given up for good. Raises BrokerClosed: only a new process connects again."""
        await self._closed.wait()
        raise BrokerClosed

    async def _on_error(self, error: Exception) -> None:
        # The text of a permissions error names the subject only.
        log.warning("broker.error", error=type(error).__name__, detail=str(error)[:200])

    async def _on_disconnected(self) -> None:
        log.warning("broker.disconnected")

    async def _on_closed(self) -> None:
        self._closed.set()

    async def _on_reconnected(self) -> None:
        log.info("broker.reconnected")


def _headers(envelope: Envelope, stream: str) -> dict[str, str]:
    return {
        "Nats-Msg-Id": envelope.message_id,
        "Nats-Expected-Stream": stream,
        "Content-Type": "application/cloudevents+json",
    }


def _batch_headers(batch: str, number: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
