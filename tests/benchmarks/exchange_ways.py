"""`exchange-ways`: where the exchange could have gone two ways, both are measured; ADR 0014 keeps the better.

Each way runs alone on the same servers; figures are medians of the runs, and the ratio is to the way that was kept.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import nats
from nats.aio.client import Client
from nats.js.api import AckPolicy
from sqlalchemy import text

from shared.events.enrolment import EnrolmentEntered
from shared.events.envelope import Envelope
from shared.platform.event_log import append, partition_of
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.provision import consumer_config
from shared.platform.topology import PROVISIONER, Durable, inbox_of, stream_of
from tests.benchmarks.ladder import facts_in
from tests.benchmarks.serial import envelope
from tests.benchmarks.stage import LISTENER, SPEAKER, Stage, stage

RUNS = 3
EVENTS = 10_000
FEW = 1_000
"""Events where each is a transaction of its own."""
BATCH = 500
WRITERS = 8
Way = Callable[[], Awaitable[int]]
"""Does its work and gives the number of events."""

# The other shape of a gapless log: no counter row, an advisory lock per partition and the newest number read after it.
_LOCKED = """
SELECT pg_advisory_xact_lock(hashtext('log'), p) FROM unnest(CAST(:partitions AS int[])) AS p ORDER BY p
"""
_BY_MAX = """
INSERT INTO enrolment.event_log (partition, seq, day, event_id, type, aggregate_id, aggregate_version, data)
SELECT s.partition, m.last + row_number() OVER (PARTITION BY s.partition ORDER BY s.place), current_date, uuidv7(),
       s.type, s.aggregate, 1, CAST(s.data AS json)
FROM unnest(CAST(:each AS smallint[]), CAST(:types AS text[]), CAST(:aggregates AS text[]), CAST(:data AS text[]))
     WITH ORDINALITY AS s(partition, type, aggregate, data, place)
JOIN LATERAL (SELECT coalesce(max(seq), 0) AS last FROM enrolment.event_log l WHERE l.partition = s.partition) m
     ON true
"""


async def bench() -> None:
    """Print each question with its ways."""
    async with stage() as stand:
        await _compare("numbers, 100 events a transaction", _numbers(stand, batch=100))
        await _compare("numbers, 1 event a transaction", _numbers(stand, batch=1))
    async with stage() as stand:
        await _compare("publishing 500 events", await _publishing(stand))
    async with stage() as stand:
        await _compare("pulling and acknowledging", await _pulling(stand))


async def _compare(question: str, ways: dict[str, Way]) -> None:
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            started = time.perf_counter()
            events = await way()
            rates[name].append(events / (time.perf_counter() - started))
    kept = statistics.median(next(iter(rates.values())))
    print(question)
    for name, found in rates.items():
        middle = statistics.median(found)
        print(f"  {name:<44} {middle:>10,.0f} events/s {middle / kept:>6.2f}")
        line = {"bench": "exchange-ways", "question": question, "way": name, "rate": round(middle, 1)}
        print(json.dumps(line | {"ratio": round(middle / kept, 3), "unit": "events/s", "runs": RUNS}))


def _numbers(stand: Stage, *, batch: int) -> dict[str, Way]:
    events = EVENTS if batch > 1 else FEW
    facts = list(facts_in(events, partitions=16))

    async def write(one: Callable[[Stage, list[EnrolmentEntered]], Awaitable[None]]) -> int:
        await _empty(stand)
        lots = iter([facts[first : first + batch] for first in range(0, events, batch)])

        async def writer() -> None:
            for lot in lots:
                await one(stand, lot)

        await asyncio.gather(*(writer() for _ in range(WRITERS)))
        return events

    return {
        "counter row, in the round trip of the insert": lambda: write(_by_counter),
        "advisory lock, then max(seq)": lambda: write(_by_advisory_lock),
    }


async def _empty(stand: Stage) -> None:
    connection = await stand.look()
    await connection.execute(
        "TRUNCATE enrolment.event_log; UPDATE enrolment.event_counter SET last_seq = 0, last_id = NULL"
    )
    await connection.close()


async def _by_counter(stand: Stage, facts: list[EnrolmentEntered]) -> None:
    async with stand.speaker.transaction() as tx:
        await append(tx.connection, facts, service=SPEAKER, traceparent=None)


async def _by_advisory_lock(stand: Stage, facts: list[EnrolmentEntered]) -> None:
    each = [partition_of(fact.aggregate_id) for fact in facts]
    async with stand.speaker.transaction() as tx:
        await tx.execute(text(_LOCKED), {"partitions": sorted(set(each))})
        await tx.execute(
            text(_BY_MAX),
            {
                "each": each,
                "types": [fact.TYPE for fact in facts],
                "aggregates": [fact.aggregate_id for fact in facts],
                "data": [fact.model_dump_json() for fact in facts],
            },
        )


async def _publishing(stand: Stage) -> dict[str, Way]:
    broker = stand.server.broker(SPEAKER)
    await broker.connect()

    async def atomically() -> int:
        for batch in _batches():
            await broker.publish(batch)
        return EVENTS

    async def gathered() -> int:
        for batch in _batches():
            await broker._publish_singly(batch)
        return EVENTS

    return {"one atomic batch": atomically, "gathered, 100 in flight": gathered}


def _batches() -> list[list[Envelope]]:
    epoch = uuid4()
    return [
        [envelope(first + number, epoch=epoch, partitions=16) for number in range(BATCH)]
        for first in range(0, EVENTS, BATCH)
    ]


async def _pulling(stand: Stage) -> dict[str, Way]:
    """Durables made for this bench: four of four partitions each, or one of all sixteen; all have the same to give."""
    broker, admin = stand.server.broker(SPEAKER), await _admin(stand)
    await broker.connect()
    for batch in _batches():
        await broker.publish(batch)
    ears = stand.server.broker(LISTENER)
    await ears.connect()
    each, last = AckPolicy.EXPLICIT, AckPolicy.ALL
    return {
        "four durables, own loop, one ack for all": lambda: _pull(admin, ears, groups=4, policy=last),
        "one durable, own loop, one ack for all": lambda: _pull(admin, ears, groups=1, policy=last),
        "four durables, own loop, each acknowledged": lambda: _pull(admin, ears, groups=4, policy=each),
        "one durable, the library's fetch, each": lambda: _fetch(admin, ears),
    }


async def _admin(stand: Stage) -> Client:
    return await nats.connect(
        stand.server.url,
        nkeys_seed=str(stand.server.seed_file(PROVISIONER)),
        inbox_prefix=inbox_of(PROVISIONER).encode(),
    )


async def _pull(admin: Client, ears: NatsBroker, *, groups: int, policy: AckPolicy) -> int:
    durables = [Durable(LISTENER, SPEAKER, group) for group in range(groups)]
    for durable in durables:
        await _made_anew(admin, durable, policy=policy, everything=groups == 1)
    pulls = await ears.pulls(SPEAKER)
    pulls.follow(durables)
    heard = 0
    while heard < EVENTS:
        pulled = await pulls.take(BATCH, within=1.0)
        heard += len(pulled)
        if policy is AckPolicy.ALL:
            await pulls.confirm(pulled)
        else:
            for message in pulled:
                await pulls.confirm([message])
    await pulls.close()
    return heard


async def _fetch(admin: Client, ears: NatsBroker) -> int:
    durable = Durable(LISTENER, SPEAKER, 0)
    await _made_anew(admin, durable, policy=AckPolicy.EXPLICIT, everything=True)
    jetstream = ears._jetstream
    assert jetstream is not None
    subscription = await jetstream.pull_subscribe_bind(
        durable.name, stream=stream_of(SPEAKER), inbox_prefix=inbox_of(LISTENER).encode() + b"."
    )
    heard = 0
    while heard < EVENTS:
        messages = await subscription.fetch(BATCH, timeout=1.0)
        for message in messages:
            await message.ack()
        heard += len(messages)
    await subscription.unsubscribe()
    return heard


async def _made_anew(admin: Client, durable: Durable, *, policy: AckPolicy, everything: bool) -> None:
    jetstream = admin.jetstream()
    await jetstream.delete_consumer(stream_of(SPEAKER), durable.name)
    config = consumer_config(durable).evolve(ack_policy=policy)
    if everything:
        config = config.evolve(filter_subjects=[f"evt.{SPEAKER}.>"])
    await jetstream.add_consumer(stream_of(SPEAKER), config)
