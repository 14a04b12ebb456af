"""Makes the streams and durable consumers of the topology, again and again to the same result.

Run at deploy time with the provisioner's own identity: `python -m shared.platform.provision`.
"""

import asyncio
import os
import sys
from uuid import uuid4

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from shared.platform.topology import PROVISIONER, SPEAKERS, Durable, durables, inbox_of, stream_of

EPOCH = "epoch"
"""Name of the stream's incarnation in its metadata."""
SEVEN_DAYS = 7 * 24 * 3600.0
FIVE_MINUTES = 300.0
MAX_BYTES = 2 * 1024**3


def stream_config(speaker: str, *, replicas: int, epoch: str) -> StreamConfig:
    """One stream per speaker: a full stream refuses (the relay waits) and never drops the oldest silently."""
    return StreamConfig(
        name=stream_of(speaker),
        subjects=[f"evt.{speaker}.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=SEVEN_DAYS,
        max_bytes=MAX_BYTES,
        duplicate_window=FIVE_MINUTES,
        num_replicas=replicas,
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,
        allow_atomic=True,
        # A stream that is made anew has another one: whoever compares knows that what was stored is gone.
        metadata={EPOCH: epoch},
    )


def consumer_config(durable: Durable) -> ConsumerConfig:
    """Redelivery is endless: whether an event is poison is our decision, not the broker's."""
    return ConsumerConfig(
        durable_name=durable.name,
        filter_subjects=durable.filter_subjects,
        deliver_policy=DeliverPolicy.ALL,
        # One acknowledgement for all before it: each durable has one puller, and what is applied is known elsewhere.
        ack_policy=AckPolicy.ALL,
        ack_wait=60.0,
        max_deliver=-1,
        max_ack_pending=2000,
        max_waiting=16,
    )


async def provision(jetstream: JetStreamContext, *, replicas: int = 1) -> None:
    """Create or update every stream and consumer."""
    for speaker in SPEAKERS:
        name = stream_of(speaker)
        try:
            held = await jetstream.stream_info(name)
        except NotFoundError:
            await jetstream.add_stream(stream_config(speaker, replicas=replicas, epoch=uuid4().hex))
            continue
        epoch = (held.config.metadata or {}).get(EPOCH) or uuid4().hex
        await jetstream.update_stream(stream_config(speaker, replicas=replicas, epoch=epoch))
    for durable in durables():
        await _provision_consumer(jetstream, durable)


async def _provision_consumer(jetstream: JetStreamContext, durable: Durable) -> None:
    """The broker does not change how an existing consumer acknowledges: it is made anew, at the cost of a replay."""
    stream, wanted = stream_of(durable.speaker), consumer_config(durable)
    try:
        held = await jetstream.consumer_info(stream, durable.name)
    except NotFoundError:
        held = None
    if held is not None and held.config.ack_policy != wanted.ack_policy:
        await jetstream.delete_consumer(stream, durable.name)
    await jetstream.add_consumer(stream, wanted)


async def _main() -> int:
    url = os.environ.get("PROVISION_NATS_URL", "nats://127.0.0.1:4222")
    seed_file = os.environ.get("PROVISION_NATS_SEED_FILE") or None
    try:
        client = await nats.connect(
            url,
            nkeys_seed=seed_file,
            inbox_prefix=inbox_of(PROVISIONER).encode(),
            connect_timeout=3,
            max_reconnect_attempts=10,
            reconnect_time_wait=0.5,
        )
    except (OSError, NatsError, TimeoutError) as error:
        sys.stderr.write(f"the broker at {url} cannot be reached: {type(error).__name__}\n")
        return 1
    await provision(client.jetstream(), replicas=int(os.environ.get("PROVISION_REPLICAS", "1")))
    await client.close()
    sys.stdout.write("streams and consumers are in place\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
