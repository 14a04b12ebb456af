"""What an operator sees of the exchange: events behind and their age, what is parked, who is stuck, from the tables."""

from time import time
from typing import Any

from prometheus_client import REGISTRY

from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.sampling import Sampling
from tests.platform.test_exchange import (
    Listener,
    announced_by,
    envelopes_of,
    eventually,
    listener,
    running,
    say,
)
from tests.support.nats_server import NatsServer
from tests.support.under_test import ServiceUnderTest

__all__ = ["listener"]

AWAY = NatsBroker("nats://127.0.0.1:1", identity="indicators", seed_file=None)
MINE = {"listener": "indicators", "source": "labelling"}


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def sample(listener: Listener, watermarks: Watermarks) -> None:
    await Sampling(listener.database, AWAY, watermarks=watermarks, roles={"intake"}).step()


async def state_of(indicators: ServiceUnderTest) -> dict[str, Any]:
    async with indicators.client("events:feed") as client:
        heard: dict[str, Any] = (await client.get("/v1/freshness")).json()["heard"]["labelling"]
    return heard


async def age(indicators: ServiceUnderTest, table: str, *columns: str, seconds: int) -> None:
    """As if so much time had passed since."""
    changes = ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns)
    await indicators.rows(f"UPDATE indicators.{table} SET {changes}")  # noqa: S608 - our own names


async def test_a_source_is_deaf_then_waiting_then_stuck_then_idle(
    labelling: ServiceUnderTest, indicators: ServiceUnderTest, listener: Listener
) -> None:
    assert (await state_of(indicators))["state"] == "deaf"
    await say(labelling.database, *range(30))
    watermarks = await announced_by(labelling)
    await sample(listener, watermarks)
    found = await state_of(indicators)
    assert (found["state"], found["behind"]) == ("waiting", 30)
    assert sum(found["watermark"].values()) == 30

    await age(indicators, "intake_watermark", "flagged_at", seconds=20)
    found = await state_of(indicators)
    assert found["state"] == "stuck"
    assert 20 <= found["oldest_seconds"] < 120
    await sample(listener, watermarks)
    assert figure("tremplin_intake_behind_events", **MINE) == 30
    assert figure("tremplin_intake_oldest_unapplied_seconds", **MINE) >= 20
    assert figure("tremplin_intake_state", state="stuck", **MINE) == 1

    await listener.hear(*await envelopes_of(labelling.database))
    await sample(listener, watermarks)
    found = await state_of(indicators)
    assert (found["state"], found["behind"], found["oldest_seconds"]) == ("idle", 0, 0)
    assert figure("tremplin_intake_state", state="stuck", **MINE) == 0
    assert figure("tremplin_intake_behind_events", **MINE) == 0

    await age(indicators, "intake_watermark", "heard_at", seconds=20)
    assert (await state_of(indicators))["state"] == "deaf"


async def test_one_partition_that_does_not_move_makes_its_source_stuck(
    labelling: ServiceUnderTest, indicators: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, *range(40))
    watermarks = await announced_by(labelling)
    await sample(listener, watermarks)
    await age(indicators, "intake_watermark", "flagged_at", seconds=20)
    envelopes = await envelopes_of(labelling.database)
    await listener.hear(*[envelope for envelope in envelopes if envelope.partition != 3])
    assert (await state_of(indicators))["state"] == "stuck"


async def test_the_flag_stays_until_it_is_reached_and_is_then_planted_further(
    labelling: ServiceUnderTest, indicators: ServiceUnderTest, listener: Listener
) -> None:
    async def flag() -> dict[str, Any]:
        [row] = await indicators.rows(
            "SELECT head, flag FROM indicators.intake_watermark WHERE source = 'labelling' AND partition = $1",
            envelope.partition,
        )
        return row

    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    await sample(listener, await announced_by(labelling))
    await say(labelling.database, 1, version=2)
    await sample(listener, await announced_by(labelling))
    assert await flag() == {"head": 2, "flag": 1}
    await listener.hear(envelope)
    await say(labelling.database, 1, version=3)
    await sample(listener, await announced_by(labelling))
    assert await flag() == {"head": 3, "flag": 3}
    # A log that was set back announces less: a flag beyond it would never be reached.
    await labelling.rows("UPDATE labelling.event_counter SET last_seq = 2 WHERE last_seq = 3")
    await sample(listener, await announced_by(labelling))
    assert await flag() == {"head": 2, "flag": 2}


async def test_parked_events_and_halted_sources_are_gauges(
    labelling: ServiceUnderTest, indicators: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, *range(4))
    listener.refuse = lambda _: True
    await listener.hear(*await envelopes_of(labelling.database))
    await age(indicators, "parked_event", "parked_at", seconds=600)
    await listener.ears().store.halt("labelling", reason="log_went_back", detail={})
    await sample(listener, await announced_by(labelling))
    assert figure("tremplin_intake_parked_events", **MINE) == 4
    assert figure("tremplin_intake_oldest_parked_seconds", **MINE) >= 600
    assert figure("tremplin_intake_halted", **MINE) == 1
    found = await state_of(indicators)
    assert (found["state"], found["parked"]) == ("halted", 4)
    async with indicators.client() as client:
        answer = await client.get("/exchangez")
    assert answer.status_code == 503
    assert answer.json()["sources"]["labelling"] == "halted"


async def relay_of(labelling: ServiceUnderTest) -> dict[str, Any]:
    async with labelling.client("events:feed") as client:
        found: dict[str, Any] = (await client.get("/v1/freshness")).json()["relay"]
    return found


async def test_a_relay_is_disconnected_then_moving_then_stuck_then_idle(
    labelling: ServiceUnderTest, nats_server: NatsServer
) -> None:
    broker = nats_server.broker("labelling")
    sampling = Sampling(labelling.database, broker, watermarks=Watermarks(), roles={"relay"})
    await say(labelling.database, *range(3))
    await sampling.step()
    assert figure("tremplin_broker_connected", service="labelling") == 0
    assert (await relay_of(labelling))["state"] == "disconnected"
    async with labelling.client() as client:
        assert (await client.get("/exchangez")).status_code == 503
        assert (await client.get("/readyz")).status_code == 200

    await broker.connect()
    await sampling.step()
    await broker.close()
    assert figure("tremplin_broker_connected", service="labelling") == 1
    found = await relay_of(labelling)
    assert (found["state"], found["unpublished"]) == ("moving", 3)
    await labelling.rows("UPDATE labelling.relay_cursor SET moved_at = moved_at - interval '20 seconds'")
    await labelling.rows("UPDATE labelling.event_log SET recorded_at = recorded_at - interval '20 seconds'")
    assert (await relay_of(labelling))["state"] == "stuck"

    await labelling.rows(
        "UPDATE labelling.relay_cursor r SET published_through = c.last_seq"
        " FROM labelling.event_counter c WHERE c.partition = r.partition"
    )
    async with labelling.client() as client:
        assert (await client.get("/exchangez")).json() == {"status": "well", "relay": "idle", "sources": {}}


async def test_what_is_not_published_is_a_gauge_with_its_age(labelling: ServiceUnderTest) -> None:
    await say(labelling.database, *range(3))
    await labelling.rows("UPDATE labelling.event_log SET recorded_at = recorded_at - interval '20 seconds'")
    await Sampling(labelling.database, AWAY, watermarks=Watermarks(), roles={"relay"}).step()
    assert figure("tremplin_relay_unpublished_events", service="labelling") == 3
    assert figure("tremplin_relay_oldest_unpublished_seconds", service="labelling") >= 20
    assert figure("tremplin_relay_state", service="labelling", state="disconnected") == 1
    assert figure("tremplin_log_bytes", service="labelling") > 0


async def test_a_sample_that_fails_is_counted_and_the_next_one_succeeds(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    watermarks = await announced_by(labelling)
    sampling = Sampling(listener.database, AWAY, watermarks=watermarks, roles={"intake"}, every=0.05)
    await labelling.rows("ALTER TABLE indicators.intake_watermark RENAME TO away")
    failures = figure("tremplin_exchange_samples_failed_total", service="indicators")
    async with running(sampling.run()):

        async def failed() -> bool:
            return figure("tremplin_exchange_samples_failed_total", service="indicators") > failures

        await eventually(failed)
        await labelling.rows("ALTER TABLE indicators.away RENAME TO intake_watermark")
        before = time()

        async def sampled_again() -> bool:
            return figure("tremplin_exchange_sampled_timestamp_seconds", service="indicators") > before

        await eventually(sampled_again)
