"""The pull loop on a real broker: asked ahead, confirmed at once, and never fooled by silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client

from shared.platform.exchange.broker import Pulled
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.nats_pulls import CREDIT, NatsPulls
from shared.platform.topology import PROVISIONER, durables, inbox_of
from tests.platform.test_exchange import envelopes_of, say
from tests.support.nats_server import NatsServer
from tests.support.under_test import ServiceUnderTest

MINE = [durable for durable in durables("indicators") if durable.speaker == "labelling"]
DEADLINE = 20.0


@pytest.fixture
async def ears(nats_server: NatsServer) -> AsyncIterator[NatsBroker]:
    broker = nats_server.broker("indicators")
    await broker.connect()
    yield broker
    await broker.close()


@asynccontextmanager
async def provisioner(server: NatsServer) -> AsyncIterator[Client]:
    client = await nats.connect(
        server.url,
        nkeys_seed=str(server.seed_file(PROVISIONER)),
        inbox_prefix=inbox_of(PROVISIONER).encode(),
    )
    yield client
    await client.close()


async def publish(labelling: ServiceUnderTest, server: NatsServer) -> None:
    broker = server.broker("labelling")
    await broker.connect()
    await broker.publish(await envelopes_of(labelling.database))
    await broker.close()


async def take_all(pulls: NatsPulls, wanted: int, *, confirming: bool = True) -> list[Pulled]:
    taken: list[Pulled] = []
    async with asyncio.timeout(DEADLINE):
        while len(taken) < wanted:
            pulled = await pulls.take(100, within=1.0)
            if confirming:
                await pulls.confirm(pulled)
            taken += pulled
    return taken


async def test_what_four_durables_hold_comes_in_batches_and_is_confirmed_once(
    labelling: ServiceUnderTest, nats_server: NatsServer, ears: NatsBroker
) -> None:
    await say(labelling.database, *range(400))
    await publish(labelling, nats_server)
    pulls = await ears.pulls("labelling")
    pulls.follow(MINE)
    taken = await take_all(pulls, 400)
    assert len({message.data for message in taken}) == 400
    assert await pulls.take(100, within=0.3) == []
    async with provisioner(nats_server) as client:
        for durable in MINE:
            info = await client.jetstream().consumer_info("EVT_LABELLING", durable.name)
            assert (info.num_ack_pending, info.num_pending) == (0, 0)
    await pulls.close()


async def test_only_the_durables_that_are_followed_are_asked(
    labelling: ServiceUnderTest, nats_server: NatsServer, ears: NatsBroker
) -> None:
    await say(labelling.database, *range(300))
    await publish(labelling, nats_server)
    pulls = await ears.pulls("labelling")
    pulls.follow(MINE[:1])
    held = [e for e in await envelopes_of(labelling.database) if e.partition in MINE[0].partitions]
    taken = await take_all(pulls, len(held))
    assert {message.durable for message in taken} == {MINE[0]}
    pulls.follow(MINE[1:])
    rest = await take_all(pulls, 300 - len(held))
    assert MINE[0] not in {message.durable for message in rest}
    await pulls.close()


async def test_pulling_goes_on_after_the_broker_was_killed_and_came_back(
    labelling: ServiceUnderTest, nats_server: NatsServer, ears: NatsBroker
) -> None:
    pulls = await ears.pulls("labelling")
    pulls.follow(MINE)
    assert await pulls.take(10, within=0.2) == []
    nats_server.kill()
    assert await pulls.take(10, within=0.2) == []
    nats_server.start()
    await say(labelling.database, *range(50))
    await publish(labelling, nats_server)
    assert len({message.data for message in await take_all(pulls, 50)}) == 50
    await pulls.close()


async def test_a_durable_that_falls_silent_is_asked_again(nats_server: NatsServer, ears: NatsBroker) -> None:
    pulls = await ears.pulls("labelling")
    pulls.follow(MINE[:1])
    await pulls.take(10, within=0.1)
    asked = pulls._asked[MINE[0]]
    assert sum(asked.requests.values()) == CREDIT
    first = set(asked.requests)
    # As if no heartbeat had come for long.
    asked.heard_at -= 3600
    await pulls.take(10, within=0.1)
    assert set(asked.requests).isdisjoint(first)
    await pulls.close()


async def test_a_consumer_that_is_not_there_is_asked_again_only_after_a_pause(
    nats_server: NatsServer, ears: NatsBroker
) -> None:
    async with provisioner(nats_server) as client:
        await client.jetstream().delete_consumer("EVT_LABELLING", MINE[0].name)
    pulls = await ears.pulls("labelling")
    pulls.follow(MINE[:1])
    await pulls.take(10, within=1.0)
    asked = pulls._asked[MINE[0]]
    assert asked.requests == {}
    assert asked.not_before > asyncio.get_running_loop().time()
    await pulls.close()
    assert ears._client._subs == {}
