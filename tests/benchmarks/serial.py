"""The limits of the event path: one process that publishes 500, fetches 500, upserts once, acknowledges, again.

Same broker settings, same envelope, the broker's cheapest durable publication (an atomic batch), no HTTP, no
rules, no log, no position. Once with the client library's `fetch`, which is how such a process is written; once with
the services' own pull loop, which is the most that this machine can do.
"""

import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from shared.events.enrolment import EnrolmentEntered
from shared.events.envelope import Envelope
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.topology import Durable, inbox_of, stream_of
from tests.benchmarks import processor_time
from tests.support.cluster import Cluster, running_cluster
from tests.support.nats_server import running_nats

BATCH = 500
_UPSERT = """
INSERT INTO landing (id, aggregate, version, partition, seq, recorded_at, data)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::smallint[], $5::bigint[], $6::timestamptz[], $7::json[])
ON CONFLICT (aggregate) DO UPDATE SET version = excluded.version, seq = excluded.seq, data = excluded.data
"""
_TABLE = """
CREATE TABLE landing (id uuid NOT NULL, aggregate text PRIMARY KEY, version bigint, partition smallint,
                      seq bigint, recorded_at timestamptz, data json)
"""


def entered(enrolment: UUID) -> EnrolmentEntered:
    """A fact of the size that enrolment says."""
    return EnrolmentEntered(
        version=1,
        enrolment_id=enrolment,
        learner_id=uuid4(),
        holder="000000018",
        training_id=uuid4(),
        session_id=uuid4(),
        coverage="covered",
        entered_on=date(2016, 3, 1),
        planned_end_on=date(2016, 7, 1),
        status="in_training",
    )


def envelope(number: int, *, epoch: UUID, partitions: int = 4) -> Envelope:
    """An event of the size that enrolment says."""
    fact = entered(uuid4())
    return Envelope(
        id=uuid4(),
        speaker="enrolment",
        partition=number % partitions,
        sequence=number,
        epoch=epoch,
        type=fact.TYPE,
        aggregate_id=fact.aggregate_id,
        aggregate_version=1,
        recorded_at=datetime.now(UTC),
        data=fact.model_dump_json(),
    )


@dataclass(frozen=True)
class _Fetching:
    """A way to fetch: some messages, and an acknowledgement that stands for all of them."""

    some: Callable[[], Awaitable[tuple[Sequence[bytes], Callable[[], Awaitable[None]]]]]
    end: Callable[[], Awaitable[None]]


DURABLE = Durable("indicators", "enrolment", 0)


async def _by_library(listener: NatsBroker) -> _Fetching:
    jetstream = listener._jetstream
    assert jetstream is not None
    subscription = await jetstream.pull_subscribe_bind(
        DURABLE.name,
        stream=stream_of(DURABLE.speaker),
        inbox_prefix=inbox_of(DURABLE.listener).encode() + b".",
    )

    async def some() -> tuple[Sequence[bytes], Callable[[], Awaitable[None]]]:
        messages = await subscription.fetch(BATCH, timeout=1.0)
        return [message.data for message in messages], messages[-1].ack

    return _Fetching(some, subscription.unsubscribe)


async def _by_own_loop(listener: NatsBroker) -> _Fetching:
    pulls = await listener.pulls(DURABLE.speaker)
    pulls.follow([DURABLE])

    async def some() -> tuple[Sequence[bytes], Callable[[], Awaitable[None]]]:
        pulled = await pulls.take(BATCH, within=1.0)
        return [message.data for message in pulled], partial(pulls.confirm, pulled)

    return _Fetching(some, pulls.close)


WAYS = {"the library's fetch": _by_library, "own pull loop": _by_own_loop}


async def measure(*, events: int, runs: int) -> dict[str, list[float]]:
    """Events per second of each run, by way of fetching."""
    with tempfile.TemporaryDirectory() as folder:
        place = _made(Path(folder) / "servers")
        with running_cluster(place, durable=True) as cluster, running_nats(_made(place / "nats")) as server:
            await server.provision()
            speaker, listener = server.broker("enrolment"), server.broker("indicators")
            await speaker.connect()
            await listener.connect()
            rates: dict[str, list[float]] = {}
            for way, begin in WAYS.items():
                before = processor_time.servers()
                rates[way] = [
                    await _run(cluster, speaker, fetching=await begin(listener), events=events)
                    for _ in range(runs)
                ]
                spent = processor_time.line(way, before, after=processor_time.servers(), events=runs * events)
                print(json.dumps(spent))
            await speaker.close()
            await listener.close()
            return rates


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    return folder


async def _run(cluster: Cluster, speaker: NatsBroker, *, fetching: _Fetching, events: int) -> float:
    connection = await cluster.superuser()
    await connection.execute("DROP TABLE IF EXISTS landing")
    await connection.execute(_TABLE)
    epoch = uuid4()
    batches = [
        [envelope(first + number, epoch=epoch) for number in range(BATCH)]
        for first in range(0, events, BATCH)
    ]
    started = time.perf_counter()
    for batch in batches:
        await speaker.publish(batch)
        landed = 0
        while landed < BATCH:
            messages, acknowledge = await fetching.some()
            if messages:
                await _land(connection, [Envelope.from_json(message) for message in messages])
                await acknowledge()
                landed += len(messages)
    rate = events / (time.perf_counter() - started)
    await fetching.end()
    await connection.close()
    return rate


async def _land(connection: asyncpg.Connection, heard: Sequence[Envelope]) -> None:
    async with connection.transaction():
        await connection.execute(
            _UPSERT,
            [item.id for item in heard],
            [item.aggregate_id for item in heard],
            [item.aggregate_version for item in heard],
            [item.partition for item in heard],
            [item.sequence for item in heard],
            [item.recorded_at for item in heard],
            [item.data for item in heard],
        )
