"""Makes the streams and durable consumers of the topology, again and again to the same result.

Run at deploy time with the provisioner's own identity: `python -m shared.platform.exchange.provision`; with
`--every SECONDS` it stays, and puts back what went missing or was changed.
"""

import argparse
import asyncio
import os
import sys
from dataclasses import fields
from uuid import uuid4

import nats
from nats.aio.client import Client
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

from shared.platform.topology import (
    CONSUMER,
    PROVISIONER,
    SPEAKERS,
    STREAM,
    Durable,
    durables,
    events_of,
    inbox_of,
    stream_of,
)

EPOCH = "epoch"
"""Name of the stream's incarnation in its metadata."""


def stream_config(speaker: str, *, replicas: int, epoch: str) -> StreamConfig:
    """The stream of one speaker."""
    return StreamConfig(
        name=stream_of(speaker),
        subjects=[events_of(speaker)],
        num_replicas=replicas,
        # A stream that is made anew has another one: whoever compares knows that what was stored is gone.
        metadata={EPOCH: epoch},
        **STREAM
        | {
            "retention": RetentionPolicy(STREAM["retention"]),
            "storage": StorageType(STREAM["storage"]),
            "discard": DiscardPolicy(STREAM["discard"]),
        },
    )


def consumer_config(durable: Durable) -> ConsumerConfig:
    """The consumer of one durable."""
    return ConsumerConfig(
        durable_name=durable.name,
        filter_subjects=durable.filter_subjects,
        **CONSUMER
        | {
            "deliver_policy": DeliverPolicy(CONSUMER["deliver_policy"]),
            "ack_policy": AckPolicy(CONSUMER["ack_policy"]),
        },
    )


async def provision(jetstream: JetStreamContext, *, replicas: int = 1) -> list[str]:
    """Create or update every stream and consumer; gives what had to be changed, one line each."""
    changes: list[str] = []
    for speaker in SPEAKERS:
        changes += await _provision_stream(jetstream, speaker, replicas=replicas)
    for durable in durables():
        changes += await _provision_consumer(jetstream, durable)
    return changes


async def _provision_stream(jetstream: JetStreamContext, speaker: str, *, replicas: int) -> list[str]:
    name = stream_of(speaker)
    try:
        held = (await jetstream.stream_info(name)).config
    except NotFoundError:
        await jetstream.add_stream(stream_config(speaker, replicas=replicas, epoch=uuid4().hex))
        return [f"stream {name}: made"]
    epoch = (held.metadata or {}).get(EPOCH)
    wanted = stream_config(speaker, replicas=replicas, epoch=epoch or uuid4().hex)
    differing = _differing(held, wanted) + ([] if epoch else ["metadata"])
    if differing:
        await jetstream.update_stream(wanted)
        return [f"stream {name}: put right {', '.join(differing)}"]
    return []


async def _provision_consumer(jetstream: JetStreamContext, durable: Durable) -> list[str]:
    """The broker does not change how an existing consumer acknowledges: it is made anew, at the cost of a replay."""
    stream, wanted = stream_of(durable.speaker), consumer_config(durable)
    try:
        held = (await jetstream.consumer_info(stream, durable.name)).config
    except NotFoundError:
        await jetstream.add_consumer(stream, wanted)
        return [f"consumer {durable.name}: made"]
    differing = _differing(held, wanted)
    if not differing:
        return []
    if held.ack_policy != wanted.ack_policy or held.deliver_policy != wanted.deliver_policy:
        await jetstream.delete_consumer(stream, durable.name)
    await jetstream.add_consumer(stream, wanted)
    return [f"consumer {durable.name}: put right {', '.join(differing)}"]


def _differing(held: StreamConfig | ConsumerConfig, wanted: StreamConfig | ConsumerConfig) -> list[str]:
    """Names of the settings of the topology that the broker holds otherwise; what it adds itself is its own affair."""
    ours = {"name", "subjects", "num_replicas", "filter_subjects", *STREAM, *CONSUMER}
    return [
        field.name
        for field in fields(wanted)
        if field.name in ours
        and (asked := getattr(wanted, field.name)) is not None
        and getattr(held, field.name) != asked
    ]


async def keep(client: Client, *, replicas: int, every: float) -> None:
    """Provision again and again, for ever; says only what had to be changed, and that the broker is away."""
    away = False
    while True:
        try:
            changes = await provision(client.jetstream(), replicas=replicas)
            lines = (["the broker is back"] if away else []) + changes
            away = False
        except (OSError, NatsError, TimeoutError) as error:
            lines = [] if away else [f"the broker does not answer: {type(error).__name__}"]
            away = True
        for line in lines:
            _say(line)
        await asyncio.sleep(every)


async def connect(url: str, *, seed_file: str | None, patient: bool) -> Client:
    """As the provisioner; for ever if patient. Raises OSError, NatsError and TimeoutError."""
    return await nats.connect(
        url,
        name="tremplin-provisioner",
        nkeys_seed=seed_file,
        inbox_prefix=inbox_of(PROVISIONER).encode(),
        connect_timeout=3,
        max_reconnect_attempts=-1 if patient else 10,
        reconnect_time_wait=0.5,
        error_cb=_on_error,
    )


async def _on_error(error: Exception) -> None:
    """What the library meets on the way is told by the call that fails for it."""
    if "permissions violation" in str(error).lower():
        _say(f"right refused: {error}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _main(every: float) -> int:
    url = os.environ.get("PROVISION_NATS_URL", "nats://127.0.0.1:4222")
    seed_file = os.environ.get("PROVISION_NATS_SEED_FILE") or None
    replicas = int(os.environ.get("PROVISION_REPLICAS", "1"))
    try:
        client = await connect(url, seed_file=seed_file, patient=every > 0)
    except (OSError, NatsError, TimeoutError) as error:
        sys.stderr.write(f"the broker at {url} cannot be reached: {type(error).__name__}\n")
        return 1
    if every > 0:
        await keep(client, replicas=replicas, every=every)
    for line in await provision(client.jetstream(), replicas=replicas):
        _say(line)
    await client.close()
    _say("streams and consumers are in place")
    return 0


def main(words: list[str]) -> int:
    """Once, or for ever."""
    parser = argparse.ArgumentParser(prog="python -m shared.platform.exchange.provision", description=__doc__)
    parser.add_argument(
        "--every",
        type=float,
        metavar="SECONDS",
        default=float(os.environ.get("PROVISION_EVERY", "0")),
        help="stay, and put back what went missing or was changed (also PROVISION_EVERY)",
    )
    return asyncio.run(_main(parser.parse_args(words).every))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
