"""A speaker's database set back in time: everything stops, what came to nothing is named, and all is mended."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from services.indicators.main import SERVICE
from shared.platform.database import Database
from shared.platform.exchange import adopting
from shared.platform.exchange.adopting import NotDecided, Standing
from shared.platform.exchange.broker import Holding, Tail
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Intake
from shared.platform.exchange.participant import ears_of
from shared.platform.exchange.rebuild import Rebuild
from shared.platform.exchange.relay import Relay
from shared.platform.exchange.relay_store import LOG_WENT_BACK, PostgresRelayStore
from shared.platform.exchange.restoring import Decision, decide, divergence, earlier_decision
from tests.platform.test_event_log import target
from tests.platform.test_exchange import eventually, running
from tests.support.nats_server import NatsServer
from tests.support.speakers import Speakers, speakers_in
from tests.support.under_test import ServiceUnderTest

LOG = (
    "event_log",
    "log_day",
    "event_counter",
    "relay_cursor",
    "heard_position",
    "relay_state",
    "log_epoch",
    "log_cut",
)


@dataclass
class House:
    """Labelling speaks, indicators hears, over a real broker; and labelling's database can be set back."""

    indicators: ServiceUnderTest
    speakers: Speakers
    server: NatsServer

    @property
    def speaker(self) -> Database:
        return self.speakers.databases["labelling"]

    def owner(self, service: str) -> Database:
        url = self.indicators.cluster.url(self.indicators.database_name, role=f"{service}_owner")
        return Database(url, service=service, role="restored", pool_size=2)

    async def say(self, *numbers: int, version: int = 1) -> None:
        await self.speakers.say(*(target(number, version) for number in numbers))

    async def copy(self) -> None:
        """A backup of the speaker's log and of what goes with it."""
        await self.indicators.rows("CREATE SCHEMA backup")
        for table in LOG:
            await self.indicators.rows(f"CREATE TABLE backup.{table} AS SELECT * FROM labelling.{table}")  # noqa: S608

    async def set_back(self) -> None:
        """Restore the backup, in the place of what there is."""
        for table in LOG:
            await self.indicators.rows(f"DELETE FROM labelling.{table}")  # noqa: S608 - our own names
            await self.indicators.rows(f"INSERT INTO labelling.{table} SELECT * FROM backup.{table}")  # noqa: S608

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Relay and intake run on connections of their own."""
        async with AsyncExitStack() as stack:
            mouth, ears = self.server.broker("labelling"), self.server.broker("indicators")
            for broker in (mouth, ears):
                stack.push_async_callback(broker.close)
                await broker.connect()
            heard = Watermarks()
            await ears.on_watermark("labelling", lambda said: heard.hear("labelling", said))
            store = PostgresRelayStore(self.speaker)
            relay = Relay(store, mouth, service="labelling", me=uuid4(), spoke=self.speaker.spoke)
            intake = Intake(
                ears_of(SERVICE, self.indicators.database, broker=ears, feed=self.speakers, watermarks=heard)
            )
            async with running(relay.run(), intake.run()):
                yield

    async def heard(self) -> dict[str, int]:
        """The effect: each target with the version that was heard."""
        rows = await self.indicators.rows("SELECT target_id, target_version FROM indicators.target_fact")
        return {row["target_id"]: row["target_version"] for row in rows}

    async def logged(self) -> dict[str, int]:
        """The same, from the log alone."""
        rows = await self.indicators.rows(
            "SELECT aggregate_id, max(aggregate_version) AS version FROM labelling.event_log GROUP BY 1"
        )
        return {row["aggregate_id"]: row["version"] for row in rows}

    async def halts(self) -> tuple[str | None, str | None]:
        [relay] = await self.indicators.rows("SELECT halted FROM labelling.relay_state")
        source = await self.indicators.rows("SELECT halted FROM indicators.intake_source")
        return relay["halted"], source[0]["halted"] if source else None

    async def decide(self, **given: Any) -> Decision:
        """What `restored labelling --yes` does."""
        owner, broker = self.owner("labelling"), self.server.broker("labelling")
        await broker.connect()
        try:
            found = await divergence(owner, broker, **({"opened_at": None} | given))
            return await earlier_decision(owner, found=found) or await decide(owner, found=found)
        finally:
            await broker.close()
            await owner.close()

    def rebuild(self) -> Rebuild:
        url = self.indicators.cluster.url(self.indicators.database_name, role="indicators_owner")
        return Rebuild(SERVICE, url, pages=self.speakers)

    async def adopt(self, anew: Callable[[], Awaitable[object]] | None = None) -> Standing:
        """What `restored labelling --listener indicators --yes` does."""
        owner = self.owner("indicators")
        try:
            return await adopting.adopt(
                owner, self.speakers, speaker="labelling", anew=anew or self.rebuild().run
            )
        finally:
            await owner.close()

    async def until_all_heard(self) -> None:
        async def all_heard() -> bool:
            return await self.heard() == await self.logged()

        await eventually(all_heard)

    async def until_halted(self, *, relay: bool) -> None:
        async def halted() -> bool:
            said, heard = await self.halts()
            return heard is not None and (said is not None or not relay)

        await eventually(halted)


@pytest.fixture
async def house(indicators: ServiceUnderTest, nats_server: NatsServer) -> AsyncIterator[House]:
    async with speakers_in(indicators.cluster, indicators.database_name) as speakers:
        yield House(indicators, speakers, nats_server)


async def places_of(house: House) -> list[tuple[str, str]]:
    return [
        (f"labelling/{event.partition:02d}/{event.sequence}", event.aggregate_id)
        for event in await house.speakers.everything("labelling")
    ]


async def said_and_set_back(house: House) -> list[tuple[str, str]]:
    """Thirty events heard, a backup, twenty more heard, the restore; gives those that came to nothing."""
    async with house.living():
        await house.say(*range(30))
        await house.until_all_heard()
        await house.copy()
        common = await places_of(house)
        await house.say(*range(20, 40))
        await house.say(*range(20, 25), version=2)
        await house.until_all_heard()
        gone = [place for place in await places_of(house) if place not in common]
    await house.set_back()
    return gone


async def test_all_stops_and_after_the_decision_all_is_as_if_it_had_never_been_said(house: House) -> None:
    gone = await said_and_set_back(house)
    before = await house.heard()
    # Numbers are given a second time, and then more than were ever heard.
    await house.say(*range(100, 160))
    async with house.living():
        await house.until_halted(relay=True)
        assert await house.heard() == before
        with pytest.raises(NotDecided):
            await house.adopt()
        decision = await house.decide()
        assert [(line["position"], line["aggregate"]) for line in decision.rolled_back] == gone
        assert decision.count == len(gone) == 25
        assert await house.halts() == (None, "log_went_back")
        standing = await house.adopt()
        assert standing.total == 25
        await house.until_all_heard()
        assert len(await house.heard()) == 90
        await house.say(*range(30), version=3)
        await house.until_all_heard()
    assert await house.halts() == (None, None)


async def test_both_steps_can_be_repeated(house: House) -> None:
    await said_and_set_back(house)
    async with house.living():
        await house.until_halted(relay=True)
        first, again = await house.decide(), await house.decide()
        assert (again.epoch, again.rolled_back) == (first.epoch, first.rolled_back)
        assert (await house.adopt()).total == 25
        assert (await house.adopt()).is_sound
        await house.say(50)
        await house.until_all_heard()
        assert (await house.decide()).epoch == first.epoch
    assert await house.indicators.rows("SELECT count(*)::int AS n FROM labelling.log_epoch") == [{"n": 2}]


async def test_a_listener_whose_decision_was_cut_short_goes_on(house: House) -> None:
    await said_and_set_back(house)
    await house.decide()

    async def killed() -> None:
        await house.rebuild().run()
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await house.adopt(killed)
    assert await house.halts() == (None, "restored")
    assert (await house.adopt()).is_sound
    assert await house.halts() == (None, None)
    async with house.living():
        await house.say(50)
        await house.until_all_heard()


async def test_a_listener_that_had_heard_nothing_past_the_cut_goes_on_where_it_stands(house: House) -> None:
    async with house.living():
        await house.say(*range(30))
        await house.until_all_heard()
    await house.copy()
    broker = house.server.broker("labelling")
    await broker.connect()
    await house.say(*range(30, 40))
    await broker.publish(await house.speakers.everything("labelling"))
    await broker.close()
    await house.set_back()
    decision = await house.decide()
    assert {line["aggregate"] for line in decision.rolled_back} == {f"target-{n}" for n in range(30, 40)}
    assert (await house.adopt()).is_sound
    async with house.living():
        await house.say(50, 51)
        await house.until_all_heard()
    assert (
        await house.indicators.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'indicators_before'")
        == []
    )


async def test_with_the_broker_wiped_at_the_same_time_the_listeners_find_it(house: House) -> None:
    await said_and_set_back(house)
    await house.indicators.rows("UPDATE labelling.relay_cursor SET published_through = 0")
    await wipe(house.server)
    opened = await house.indicators.rows("SELECT clock_timestamp() AS now")
    await house.say(*range(100, 110))
    async with house.living():
        await house.until_halted(relay=False)
        decision = await house.decide(opened_at=opened[0]["now"])
        assert decision.count == 0
        assert (await house.adopt()).total == 25
        await house.until_all_heard()
        assert len(await house.heard()) == 40


async def test_an_epoch_that_the_log_has_forgotten_halts_the_relay(house: House) -> None:
    await house.say(1)
    holding = Holding("any", {3: Tail(uuid4(), 1, uuid4())})
    assert await PostgresRelayStore(house.speaker).meet(holding) == LOG_WENT_BACK


async def test_nothing_counts_as_published_or_heard_past_the_cut(house: House) -> None:
    await said_and_set_back(house)
    await house.say(*range(100, 160))
    await house.indicators.rows("UPDATE labelling.relay_cursor SET published_through = 99")
    await house.indicators.rows(
        "INSERT INTO labelling.heard_position SELECT 'followup', partition, 99 FROM labelling.event_counter"
        " ON CONFLICT (listener, partition) DO UPDATE SET last_seq = 99"
    )
    fences = "SELECT sum(fence)::int AS n FROM labelling.relay_cursor"
    [before] = await house.indicators.rows(fences)
    decision = await house.decide()
    [after] = await house.indicators.rows(fences)
    assert after["n"] == before["n"] + 16
    for query in (
        "SELECT partition, published_through AS seq FROM labelling.relay_cursor",
        "SELECT partition, last_seq AS seq FROM labelling.heard_position WHERE listener = 'followup'",
    ):
        found = await house.indicators.rows(query)
        assert {row["partition"]: row["seq"] for row in found} == decision.cuts


async def wipe(server: NatsServer) -> None:
    """The broker's store is lost, its streams are made anew."""
    server.kill()
    shutil.rmtree(server.folder / "store")
    server.start()
    await server.provision()


async def test_a_log_set_back_to_before_a_decision_halts_the_relay(house: House) -> None:
    await said_and_set_back(house)
    await house.decide()
    await house.adopt()
    async with house.living():
        await house.say(60)
        await house.until_all_heard()
    await house.set_back()
    async with house.living():
        await house.until_halted(relay=True)
        await house.decide()
        await house.rebuild().forget()
        await house.adopt()
        await house.until_all_heard()
    assert "target-60" not in await house.heard()
