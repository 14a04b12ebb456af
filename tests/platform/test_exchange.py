"""From one service's commit to another's effect, over a real broker with the real rights."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared.events.envelope import Envelope
from shared.events.labelling import TargetSet
from shared.platform import event_log
from shared.platform.database import Database, Transaction
from shared.platform.event_log import partition_of
from shared.platform.exchange.applying import Heard, LogChanged, Subscription
from shared.platform.exchange.broker import Broker, PublishFailed
from shared.platform.exchange.feed import Answer
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Ears, Intake
from shared.platform.exchange.intake_store import Held
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.participant import Service, ears_of
from shared.platform.exchange.relay import Relay
from shared.platform.exchange.relay_store import PostgresRelayStore
from shared.platform.topology import Durable, durables
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster
from tests.support.nats_server import NatsServer
from tests.support.under_test import ServiceUnderTest

DEADLINE = 20.0


class LogFeed:
    """The speaker's feed, read straight from its log: the HTTP of it is tested with the services."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.asked: list[tuple[int, int]] = []

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        self.asked.append((partition, after))
        async with self._database.reading() as connection:
            return await event_log.read(
                connection, service=speaker, partition=partition, after=after, limit=500
            )

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        places = [(partition, at.last_seq, at.last_id) for partition, at in held.items() if at.last_id]
        async with self._database.reading() as connection:
            epoch = (await event_log.watermark(connection, service=speaker)).epoch
            return Answer(epoch, await event_log.strangers(connection, places, service=speaker))


class Listener:
    """Indicators as a listener whose effect is one row per event in its journal."""

    def __init__(self, cluster: Cluster, database: str, speaker: Database) -> None:
        self.database = Database(
            cluster.url(database, role="indicators_worker"), service="indicators", role="worker", pool_size=6
        )
        self.feed = LogFeed(speaker)
        self.refuse: Callable[[TargetSet], bool] = lambda _: False

    def ears(self, broker: Broker | None = None, watermarks: Watermarks | None = None) -> Ears:
        count = Subscription("labelling", (TargetSet,), self._count)
        return ears_of(
            Service(name="indicators", title="", routers=(), subscriptions=(count,)),
            self.database,
            broker=broker or NatsBroker("nats://127.0.0.1:1", identity="indicators", seed_file=None),
            feed=self.feed,
            watermarks=watermarks or Watermarks(),
        )

    async def hear(self, *envelopes: Envelope) -> None:
        await self.ears().applier.hear(envelopes)

    async def _count(self, tx: Transaction, heard: list[Heard[Any]]) -> None:
        for item in heard:
            if self.refuse(item.fact):
                raise ValueError(item.fact.target_id)
            await tx.execute(
                text("INSERT INTO journal (client_id, action) VALUES (:id, 'heard')"),
                {"id": item.fact.target_id},
            )

    async def effects(self) -> dict[str, int]:
        async with self.database.reading() as connection:
            rows = await connection.execute(
                text("SELECT client_id, count(*) AS times FROM journal GROUP BY client_id")
            )
            return {row.client_id: row.times for row in rows}

    async def parked(self) -> list[tuple[str, str]]:
        async with self.database.reading() as connection:
            rows = await connection.execute(
                text("SELECT aggregate_id, reason FROM parked_event ORDER BY partition, seq")
            )
            return [(row.aggregate_id, row.reason) for row in rows]


@pytest.fixture
async def listener(cluster: Cluster, labelling: ServiceUnderTest) -> AsyncIterator[Listener]:
    found = Listener(cluster, labelling.database_name, labelling.database)
    yield found
    await found.database.close()


async def eventually(reached: Callable[[], Awaitable[bool]]) -> None:
    """Wait for an effect, with a deadline."""
    async with asyncio.timeout(DEADLINE):
        while not await reached():
            await asyncio.sleep(0.02)


async def say(database: Database, *numbers: int, version: int = 1) -> None:
    async with database.transaction() as tx:
        tx.speak(*(target(number, version) for number in numbers))


async def envelopes_of(database: Database) -> list[Envelope]:
    async with database.reading() as connection:
        found = [
            await event_log.read(connection, service="labelling", partition=partition, after=0, limit=1000)
            for partition in range(16)
        ]
    return [envelope for partition in found for envelope in partition]


async def announced_by(speaker: ServiceUnderTest) -> Watermarks:
    """As if the speaker had just announced how far its log reaches."""
    watermarks = Watermarks()
    async with speaker.database.reading() as connection:
        watermarks.hear(speaker.name, await event_log.watermark(connection, service=speaker.name))
    return watermarks


def relay_of(speaker: ServiceUnderTest, broker: Broker) -> Relay:
    store = PostgresRelayStore(speaker.database)
    return Relay(store, broker, service=speaker.name, me=uuid4(), spoke=speaker.database.spoke)


@asynccontextmanager
async def running(*works: Awaitable[None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_what_is_committed_is_heard_once(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    speaker, ears = nats_server.broker("labelling"), nats_server.broker("indicators")
    await speaker.connect()
    await ears.connect()
    await say(labelling.database, *range(400))
    relay = relay_of(labelling, speaker)
    async with running(relay.run(), Intake(listener.ears(ears)).run()):
        await say(labelling.database, *range(400, 700))

        async def all_heard() -> bool:
            return len(await listener.effects()) == 700

        await eventually(all_heard)
    assert set((await listener.effects()).values()) == {1}
    await speaker.close()
    await ears.close()


async def test_a_batch_published_again_changes_nothing(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    broker = nats_server.broker("labelling")
    await broker.connect()
    await say(labelling.database, *range(50))
    envelopes = await envelopes_of(labelling.database)
    await broker.publish(envelopes)
    await broker.publish(envelopes)
    await listener.hear(*envelopes)
    await listener.hear(*list(reversed(envelopes)))
    assert await listener.effects() == {f"target-{number}": 1 for number in range(50)}
    await broker.close()


async def test_a_hole_is_filled_from_the_speakers_feed(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    for version in range(1, 6):
        await say(labelling.database, 3, version=version)
    envelopes = await envelopes_of(labelling.database)
    await listener.hear(*envelopes[:1])
    await listener.hear(*envelopes[3:])
    assert listener.feed.asked == [(partition_of("target-3"), 1)]
    assert await listener.effects() == {"target-3": 5}


async def test_a_wiped_broker_is_repaired_from_the_tail(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    broker = nats_server.broker("indicators")
    await broker.connect()
    # Said and counted as published, but the broker has nothing of it.
    await say(labelling.database, *range(30))
    watermarks = await announced_by(labelling)
    async with running(Intake(listener.ears(broker, watermarks)).run()):

        async def all_heard() -> bool:
            return len(await listener.effects()) == 30

        await eventually(all_heard)
    await broker.close()


async def test_what_a_rule_refuses_parks_its_aggregate_and_the_rest_flows(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, *range(40))
    await say(labelling.database, 17, version=2)
    listener.refuse = lambda fact: fact.target_id == "target-17" and fact.version == 1
    await listener.hear(*await envelopes_of(labelling.database))
    effects = await listener.effects()
    assert len(effects) == 39
    assert "target-17" not in effects
    parked = await listener.parked()
    assert parked[0] == ("target-17", "ValueError")
    # Its second version may have been in a half that was applied before: behind the parked one all the same.
    await say(labelling.database, 17, version=3)
    await listener.hear(*await envelopes_of(labelling.database))
    assert (await listener.parked())[-1] == ("target-17", "behind_parked")
    assert "target-17" not in await listener.effects()


async def test_an_unknown_type_is_parked_with_its_reason(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    stranger = Envelope.from_json(envelope.to_json().replace("target.set.v1", "target.set.v9").encode())
    await listener.hear(stranger)
    assert await listener.parked() == [("target-1", "unknown_type")]


async def test_another_incarnation_of_a_log_stops_its_listener(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    await listener.hear(envelope)
    await labelling.rows("UPDATE labelling.log_epoch SET epoch = gen_random_uuid()")
    await say(labelling.database, 1, version=2)
    with pytest.raises(LogChanged):
        await listener.hear(*await envelopes_of(labelling.database))


async def test_while_the_broker_is_away_the_log_keeps_everything(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    broker, ears = nats_server.broker("labelling"), nats_server.broker("indicators")
    await broker.connect()
    await ears.connect()
    nats_server.kill()
    await say(labelling.database, *range(20))
    with pytest.raises(PublishFailed):
        await broker.publish(await envelopes_of(labelling.database))
    relay = relay_of(labelling, broker)
    async with running(relay.run(), Intake(listener.ears(ears)).run()):
        nats_server.start()

        async def all_heard() -> bool:
            return len(await listener.effects()) == 20

        await eventually(all_heard)
    assert set((await listener.effects()).values()) == {1}
    await broker.close()
    await ears.close()


async def test_a_relay_that_stops_leaves_its_partitions_to_the_next_at_once(
    labelling: ServiceUnderTest, nats_server: NatsServer
) -> None:
    broker = nats_server.broker("labelling")
    await broker.connect()
    first, second = (relay_of(labelling, broker) for _ in range(2))
    await say(labelling.database, 1)
    assert await first.step()
    await say(labelling.database, 2)
    assert not await second.step()
    async with running(first.run()):
        await asyncio.sleep(0)
    second._renewed_at = float("-inf")
    await say(labelling.database, 3)
    assert await second.step()
    rows = await labelling.rows("SELECT sum(published_through)::int AS published FROM labelling.relay_cursor")
    assert rows == [{"published": 3}]
    await broker.close()


async def test_an_error_of_the_deploy_parks_nothing_and_the_batch_comes_again(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, *range(20))
    await labelling.rows("ALTER TABLE indicators.journal RENAME TO journal_away")
    with pytest.raises(ProgrammingError):
        await listener.hear(*await envelopes_of(labelling.database))
    await labelling.rows("ALTER TABLE indicators.journal_away RENAME TO journal")
    await listener.hear(*await envelopes_of(labelling.database))
    assert await listener.parked() == []
    assert len(await listener.effects()) == 20


async def test_an_event_that_fails_once_gets_a_second_try(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    failures = iter([True, False])
    listener.refuse = lambda _: next(failures)
    await listener.hear(*await envelopes_of(labelling.database))
    assert await listener.effects() == {"target-1": 1}


async def test_a_lost_tail_is_found_while_other_partitions_are_busy(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, *range(40))
    envelopes = await envelopes_of(labelling.database)
    lost = [envelope for envelope in envelopes if envelope.partition == 0]
    assert lost
    await listener.hear(*[envelope for envelope in envelopes if envelope.partition != 0])
    repair = listener.ears(watermarks=await announced_by(labelling)).repair
    partitions = next(durables("indicators")).partitions
    await repair.look("labelling", partitions=partitions)
    assert listener.feed.asked == []
    await repair.look("labelling", partitions=partitions)
    assert listener.feed.asked == [(0, 0)]
    assert len(await listener.effects()) == 40


async def test_without_a_consumer_the_pull_goes_on_and_leaves_no_subscription_behind(
    nats_server: NatsServer,
) -> None:
    broker = nats_server.broker("indicators")
    await broker.connect()
    missing = Durable("indicators", "labelling", 9)
    for _ in range(2):
        pulls = await broker.pulls("labelling")
        pulls.follow([missing])
        assert await pulls.take(10, within=0.2) == []
        await pulls.close()
    assert broker._client._subs == {}
    await broker.close()


async def test_a_batch_of_which_a_part_was_published_before_is_stored_once(
    labelling: ServiceUnderTest, nats_server: NatsServer
) -> None:
    broker = nats_server.broker("labelling")
    await broker.connect()
    await say(labelling.database, *range(30))
    envelopes = await envelopes_of(labelling.database)
    await broker.publish(envelopes[:10])
    await broker.publish(envelopes)
    assert broker._jetstream is not None
    info = await broker._jetstream.stream_info("EVT_LABELLING")
    assert info.state.messages == 30
    await broker.close()
