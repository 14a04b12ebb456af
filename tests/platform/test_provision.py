"""The provisioner makes what the topology declares, changes nothing twice, and puts back what went missing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client

from shared.platform import topology
from shared.platform.exchange.provision import connect, keep, provision
from tests.platform.test_exchange import eventually
from tests.support.nats_server import NatsServer

STREAM = "EVT_LABELLING"
DURABLE = "indicators_labelling_g0"


@pytest.fixture
async def provisioner(nats_server: NatsServer) -> AsyncIterator[Client]:
    """Connected to a broker that was provisioned once."""
    seed = str(nats_server.seed_file(topology.PROVISIONER))
    client = await connect(nats_server.url, seed_file=seed, patient=True)
    yield client
    await client.close()


async def held(client: Client) -> dict[str, Any]:
    """Everything the broker says of streams and consumers, except what moves by itself."""
    jetstream = client.jetstream()
    found: dict[str, Any] = {}
    for speaker in topology.SPEAKERS:
        stream = await jetstream.stream_info(topology.stream_of(speaker))
        found[topology.stream_of(speaker)] = (stream.config, stream.created)
    for durable in topology.durables():
        consumer = await jetstream.consumer_info(topology.stream_of(durable.speaker), durable.name)
        found[durable.name] = (consumer.config, consumer.created)
    return found


async def test_a_second_time_changes_nothing(provisioner: Client) -> None:
    before = await held(provisioner)
    assert await provision(provisioner.jetstream()) == []
    assert await held(provisioner) == before


async def test_what_was_changed_is_put_right_and_the_stream_stays_the_same_one(provisioner: Client) -> None:
    before = await held(provisioner)
    jetstream = provisioner.jetstream()
    stream, consumer = before[STREAM][0], before[DURABLE][0]
    await jetstream.update_stream(stream.evolve(max_age=3600.0, allow_direct=False))
    await jetstream.add_consumer(STREAM, consumer.evolve(max_ack_pending=7))
    assert await provision(jetstream) == [
        "stream EVT_LABELLING: put right max_age, allow_direct",
        "consumer indicators_labelling_g0: put right max_ack_pending",
    ]
    assert await held(provisioner) == before


async def test_a_consumer_that_acknowledges_otherwise_is_made_anew(provisioner: Client) -> None:
    before = await held(provisioner)
    jetstream = provisioner.jetstream()
    await jetstream.delete_consumer(STREAM, DURABLE)
    await jetstream.add_consumer(STREAM, before[DURABLE][0].evolve(ack_policy="explicit"))
    assert await provision(jetstream) == ["consumer indicators_labelling_g0: put right ack_policy"]
    assert (await held(provisioner))[DURABLE][0] == before[DURABLE][0]


async def test_the_keeper_puts_back_what_went_missing_and_waits_for_a_broker_that_is_away(
    provisioner: Client, nats_server: NatsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await held(provisioner)
    keeping = asyncio.create_task(keep(provisioner, replicas=1, every=0.05))
    said: list[str] = []

    def hears(line: str) -> bool:
        said.extend(capsys.readouterr().out.splitlines())
        return line in said

    async def has_said(line: str) -> None:
        async def spoken() -> bool:
            return hears(line)

        await eventually(spoken)

    await provisioner.jetstream().delete_stream(STREAM)
    await has_said(f"stream {STREAM}: made")
    await has_said(f"consumer {DURABLE}: made")
    nats_server.kill()
    await has_said("the broker does not answer: TimeoutError")
    nats_server.start()
    await has_said("the broker is back")
    keeping.cancel()
    after = await held(provisioner)
    assert after.keys() == before.keys()
    # Whoever followed the old stream can tell that it is gone.
    assert after[STREAM][0].metadata["epoch"] != before[STREAM][0].metadata["epoch"]
    assert said.count("the broker is back") == 1
