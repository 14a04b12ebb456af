"""Whatever comes over the broker is applied, parked or refused with a reason that is counted; the rest flows."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client
from nats.errors import MaxPayloadError
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared.events.envelope import Envelope
from shared.platform import event_log
from shared.platform.event_log import FactTooLarge
from shared.platform.exchange.intake import Intake
from shared.platform.topology import inbox_of
from tests.platform.test_event_log import target
from tests.platform.test_exchange import (
    Listener,
    announced_by,
    envelopes_of,
    eventually,
    listener,
    relay_of,
    running,
    say,
)
from tests.support.nats_server import NatsServer
from tests.support.under_test import ServiceUnderTest

__all__ = ["listener"]

UNREADABLE = "tremplin_intake_unreadable_total"
DAY = "2026-11-25T12:00:00+00:00"


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def refused(reason: str) -> float:
    return counted(UNREADABLE, listener="indicators", source="labelling", reason=reason)


@asynccontextmanager
async def speaking_as(identity: str, server: NatsServer) -> AsyncIterator[Client]:
    """A client that has a speaker's key and none of its manners."""
    client = await nats.connect(
        server.url,
        nkeys_seed=str(server.seed_file(identity)),
        inbox_prefix=inbox_of(identity).encode(),
    )
    yield client
    await client.close()


@asynccontextmanager
async def hearing(
    labelling: ServiceUnderTest, listener: Listener, *, server: NatsServer
) -> AsyncIterator[None]:
    """The relay of labelling and the intake of indicators, over the broker."""
    speaker, ears = server.broker("labelling"), server.broker("indicators")
    await speaker.connect()
    await ears.connect()
    intake = Intake(listener.ears(ears, await announced_by(labelling)))
    async with running(relay_of(labelling, speaker).run(), intake.run()):
        yield
    await speaker.close()
    await ears.close()


async def all_heard(listener: Listener, expected: dict[str, int]) -> None:
    async def reached() -> bool:
        return await listener.effects() == expected

    await eventually(reached)


def junk() -> dict[str, bytes]:
    """Messages without a readable source and number, by the reason they are refused with."""
    return {
        "ValueError": b"\xff\xfe not JSON",
        "KeyError": b'{"specversion": "1.0", "source": "/labelling/00"}',
        "TypeError": b"[1, 2, 3]",
        "AttributeError": b'{"source": 3, "data": 1}',
        "oversize": b'{"x": "' + b"x" * (event_log.MAX_ENVELOPE + 1) + b'"}',
    }


async def test_messages_that_are_no_events_are_counted_by_reason_and_the_rest_flows(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    before = {reason: refused(reason) for reason in junk()}
    async with speaking_as("labelling", nats_server) as client:
        for message in junk().values():
            await client.publish("evt.labelling.p00.thing.changed.v1", message)
        await client.flush()
    await say(labelling.database, *range(40))
    async with hearing(labelling, listener, server=nats_server):
        await all_heard(listener, {f"target-{number}": 1 for number in range(40)})
    assert {reason: refused(reason) - before[reason] for reason in junk()} == dict.fromkeys(junk(), 1.0)
    assert await listener.parked() == []


async def test_a_strangers_event_is_refused_and_does_not_move_the_position(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    before = refused("stranger")
    await say(labelling.database, *range(10))
    [first, *_] = await envelopes_of(labelling.database)
    texts = [
        # Another speaker's name, a partition that this durable does not carry, and one that it does.
        first.to_json().replace('"source":"/labelling/', '"source":"/enrolment/'),
        first.to_json().replace(f'"source":"/labelling/{first.partition:02d}', '"source":"/labelling/15'),
        first.to_json().replace(f'"source":"/labelling/{first.partition:02d}', '"source":"/labelling/03'),
    ]
    async with speaking_as("labelling", nats_server) as client:
        for text in texts:
            await client.publish("evt.labelling.p00.target.set.v1", text.encode())
        await client.flush()
    async with hearing(labelling, listener, server=nats_server):
        await all_heard(listener, {f"target-{number}": 1 for number in range(10)})
    assert refused("stranger") - before == 3
    assert await labelling.rows("SELECT FROM indicators.intake_position WHERE source <> 'labelling'") == []


async def test_a_damaged_copy_is_refused_and_its_event_comes_from_the_speakers_log(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    before = refused("json_invalid")
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    damaged = envelope.to_json().replace(',"data":{', ',"data":{{')
    async with speaking_as("labelling", nats_server) as client:
        await client.publish(envelope.subject, damaged.encode())
        await client.flush()
    # Without a relay: a sound copy that came along would take the damaged one's place.
    ears = nats_server.broker("indicators")
    await ears.connect()
    async with running(Intake(listener.ears(ears, await announced_by(labelling))).run()):
        await all_heard(listener, {"target-1": 1})
    await ears.close()
    assert refused("json_invalid") - before == 1
    assert await listener.parked() == []


async def test_events_twice_and_out_of_order_count_once(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    for version in range(1, 6):
        await say(labelling.database, *range(8), version=version)
    twice = [*await envelopes_of(labelling.database)] * 2
    random.Random(7).shuffle(twice)
    async with speaking_as("labelling", nats_server) as client:
        for envelope in twice:
            await client.publish(envelope.subject, envelope.to_json().encode())
        await client.flush()
    async with hearing(labelling, listener, server=nats_server):
        await all_heard(listener, {f"target-{number}": 5 for number in range(8)})
    assert await listener.parked() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("type = 'labelling.target.set.v9'", "unknown_type"),
        ("type = 'labelling.planet.discovered.v1'", "unknown_type"),
        ("""data = '{"version": 1}'""", "bad_data"),
        ("data = '[]'", "bad_data"),
        ("data = 'null'", "bad_data"),
        ('data = replace(data::text, \'"value":17\', \'"value":"many"\')::json', "bad_data"),
    ],
)
async def test_an_event_that_cannot_be_understood_parks_its_aggregate_and_the_rest_flows(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer, change: str, reason: str
) -> None:
    parked = {"listener": "indicators", "source": "labelling"}
    before = counted("tremplin_intake_parked_total", reason=reason, **parked)
    await say(labelling.database, *range(25))
    await say(labelling.database, 17, version=2)
    await labelling.rows(
        f"UPDATE labelling.event_log SET {change} WHERE aggregate_id = 'target-17' AND aggregate_version = 1"  # noqa: S608 - our own words
    )
    async with hearing(labelling, listener, server=nats_server):
        await all_heard(listener, {f"target-{number}": 1 for number in range(25) if number != 17})

        async def both_parked() -> bool:
            return len(await listener.parked()) == 2

        await eventually(both_parked)
    assert await listener.parked() == [("target-17", reason), ("target-17", "behind_parked")]
    assert counted("tremplin_intake_parked_total", reason=reason, **parked) - before == 1


async def test_a_fact_that_is_too_large_is_refused_before_it_is_logged(labelling: ServiceUnderTest) -> None:
    before = counted("tremplin_log_oversize_total", service="labelling")
    # Counted in bytes: each of these letters takes two.
    large = target(1).model_copy(update={"label_fr": "é" * (event_log.MAX_DATA // 2)})
    with pytest.raises(FactTooLarge):
        async with labelling.database.transaction() as tx:
            tx.speak(target(2), large)
    assert await labelling.said() == []
    assert counted("tremplin_log_oversize_total", service="labelling") - before == 1


async def test_the_largest_fact_passes_the_broker_and_a_larger_message_does_not(
    labelling: ServiceUnderTest, listener: Listener, nats_server: NatsServer
) -> None:
    fact = target(1)
    room = event_log.MAX_DATA - len(fact.model_dump_json().encode()) + len(fact.label_fr)
    async with labelling.database.transaction() as tx:
        tx.speak(fact.model_copy(update={"label_fr": "x" * room}))
    async with hearing(labelling, listener, server=nats_server):
        await all_heard(listener, {"target-1": 1})
    async with speaking_as("labelling", nats_server) as client:
        with pytest.raises(MaxPayloadError):
            await client.publish("evt.labelling.p00.thing.changed.v1", b"x" * 1024 * 1025)


async def test_a_right_that_is_refused_is_logged_and_counted(nats_server: NatsServer) -> None:
    broker = nats_server.broker("enrolment")
    await broker.connect()
    before = counted("tremplin_broker_rights_refused_total", service="enrolment")
    with capture_logs() as logs:
        await broker._client.publish("evt.labelling.p00.label.granted.v1", b"{}")

        async def was_refused() -> bool:
            return counted("tremplin_broker_rights_refused_total", service="enrolment") > before

        await eventually(was_refused)
    assert [entry["event"] for entry in logs] == ["broker.right_refused"]
    assert "evt.labelling.p00.label.granted.v1" in logs[0]["detail"]
    await broker.close()


def test_an_envelope_of_the_largest_fact_is_small_enough() -> None:
    envelope = Envelope.from_json(
        b'{"id":"0190c7a4-7c1e-7f4e-8a51-3b1d2c3e4f57","source":"/labelling/07","type":"' + b"t" * 200 + b'",'
        b'"subject":"' + b"s" * 200 + b'","time":"' + DAY.encode() + b'","sequence":"' + b"9" * 20 + b'",'
        b'"aggregateversion":9,"epoch":"0190c7a4-7c1e-7f4e-8a51-3b1d2c3e4f58","data":{}}'
    )
    assert len(envelope.to_json()) + event_log.MAX_DATA < event_log.MAX_ENVELOPE
