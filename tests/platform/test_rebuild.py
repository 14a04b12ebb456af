"""A projection made again beside the live one: equal when all was well, mended when it was not, and unnoticed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from alembic import command
from sqlalchemy.exc import DBAPIError

from services.indicators.main import SERVICE
from services.indicators.queries import cells_adrift
from shared.events.envelope import Envelope, Fact
from shared.platform.exchange.applying import Applier
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.participant import ears_of
from shared.platform.exchange.rebuild import InTheWay, Rebuild, Unequal
from shared.platform.failures import is_transient
from tests.indicators.told import described, enrolled, labelled, settled, target, withdrawn
from tests.platform.test_exchange import DEADLINE, running
from tests.platform.test_migrations import config
from tests.support.cluster import Cluster, password_of
from tests.support.speakers import Speakers, speakers_in
from tests.support.under_test import ServiceUnderTest

POSITIONS = "SELECT source, partition, epoch, last_seq, last_id FROM indicators.intake_position ORDER BY 1, 2"
HISTORY: tuple[Fact, ...] = (
    target("t", indicator="entries", value=10),
    labelled(),
    settled("early", version=1),
    *(enrolled(f"e{number}", of=f"l{number % 7}", qpv="yes") for number in range(40)),
    described(),
    described(version=2, region="84"),
    *(enrolled(f"e{number}", of=f"l{number % 7}", version=2, status="completed") for number in range(30)),
    *(settled(f"e{number}") for number in range(20)),
    *(withdrawn(f"e{number}", version=2) for number in range(5)),
    labelled(version=2, revoked_on="2018-01-01"),
)


@pytest.fixture
async def speakers(cluster: Cluster, database: str) -> AsyncIterator[Speakers]:
    async with speakers_in(cluster, database) as found:
        yield found


def applier_of(indicators: ServiceUnderTest, speakers: Speakers) -> Applier:
    """The live intake, fed by hand."""
    broker = NatsBroker("nats://127.0.0.1:1", identity="indicators", seed_file=None)
    return ears_of(
        SERVICE, indicators.database, broker=broker, feed=speakers, watermarks=Watermarks()
    ).applier


async def hear(indicators: ServiceUnderTest, speakers: Speakers) -> None:
    applier = applier_of(indicators, speakers)
    for name in ("enrolment", "followup", "labelling"):
        await applier.hear(await speakers.everything(name))


def rebuild_of(indicators: ServiceUnderTest, speakers: Speakers) -> Rebuild:
    url = indicators.cluster.url(indicators.database_name, role="indicators_owner")
    return Rebuild(SERVICE, url, pages=speakers)


async def content(indicators: ServiceUnderTest) -> dict[str, list[dict[str, Any]]]:
    """Every table of the projection, without what says when something was known."""
    found = {}
    for table in SERVICE.projection:
        if table.compared:
            rows = await indicators.rows(
                f"SELECT * FROM indicators.{table.table} WHERE {table.counted}"  # noqa: S608 - our own names
            )
            plain = [{key: value for key, value in row.items() if key != "known_from"} for row in rows]
            found[table.table] = sorted(plain, key=str)
    return found


async def catalogue(indicators: ServiceUnderTest) -> list[dict[str, Any]]:
    """What the catalogue says of the tables of the projection, but for their numbers."""
    return await indicators.rows("""
        SELECT c.relname, c.relacl::text, c.reloptions::text, c.relowner::regrole::text AS owner,
            (SELECT array_agg(pg_get_indexdef(indexrelid) ORDER BY indexrelid::regclass::text)::text
             FROM pg_index WHERE indrelid = c.oid) AS indexes,
            (SELECT array_agg(conname || pg_get_constraintdef(oid) ORDER BY conname)::text
             FROM pg_constraint WHERE conrelid = c.oid) AS constraints,
            c.relrowsecurity, c.relforcerowsecurity,
            (SELECT array_agg(concat_ws(' ', polname, polcmd, polroles, pg_get_expr(polqual, polrelid),
                pg_get_expr(polwithcheck, polrelid)) ORDER BY polname)::text
             FROM pg_policy WHERE polrelid = c.oid) AS policies
        FROM pg_class c WHERE c.relnamespace = 'indicators'::regnamespace AND c.relkind = 'r' ORDER BY 1""")


async def test_a_rebuild_of_what_was_heard_well_changes_nothing_that_counts(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.say(*HISTORY)
    await hear(indicators, speakers)
    before, shape = await content(indicators), await catalogue(indicators)
    positions = await indicators.rows(POSITIONS)
    rebuilt = await rebuild_of(indicators, speakers).run(expect_equal=True)
    assert rebuilt.events == len(HISTORY)
    assert [one.table for one in rebuilt.differences if not one.equal] == []
    assert await content(indicators) == before
    assert len(before["enrolment_fact"]) == 41
    assert await catalogue(indicators) == shape
    assert any("own_trainings" in (table["policies"] or "") for table in shape)
    assert await indicators.rows(POSITIONS) == positions
    async with indicators.database.reading() as connection:
        assert set((await cells_adrift(connection)).values()) == {0}


async def test_the_schema_is_still_the_one_the_code_declares_and_can_be_undone(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.say(*HISTORY)
    rebuild = rebuild_of(indicators, speakers)
    await rebuild.run()
    await rebuild.forget()
    settings = config("indicators", indicators.cluster, database=indicators.database_name)
    await asyncio.to_thread(command.check, settings)
    await asyncio.to_thread(command.downgrade, settings, "base")


async def test_what_a_wrong_deploy_did_is_mended_and_told(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.say(*HISTORY)
    await hear(indicators, speakers)
    right = await content(indicators)
    await indicators.rows(
        "UPDATE indicators.enrolment_fact SET status = 'abandoned' WHERE status = 'completed'"
    )
    await indicators.rows("UPDATE indicators.cube SET entered = entered + 1")
    await indicators.rows("DELETE FROM indicators.target_fact")
    with pytest.raises(Unequal) as seen:
        await rebuild_of(indicators, speakers).run(expect_equal=True)
    told = {one.table: (one.only_live, one.only_beside) for one in seen.value.differences if not one.equal}
    assert told["enrolment_fact"] == (30, 30)
    assert told["target_fact"] == (0, 1)
    assert set(told) == {"enrolment_fact", "target_fact", "cube"}
    assert await content(indicators) != right
    await rebuild_of(indicators, speakers).run()
    assert await content(indicators) == right


async def test_what_was_known_at_an_instant_is_what_had_been_recorded_then(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    """Every state of every enrolment is in the past again, though live intake passed over some."""
    await speakers.say(*HISTORY)
    recorded = await indicators.rows(
        "SELECT recorded_at FROM enrolment.event_log WHERE aggregate_version = 1 ORDER BY 1 DESC LIMIT 1"
    )
    began = datetime.now(UTC)
    await hear(indicators, speakers)
    await rebuild_of(indicators, speakers).run()
    [known] = await indicators.rows(
        "SELECT count(*) AS entered FROM (SELECT known_from, 'infinity'::timestamptz AS known_to, status"
        " FROM indicators.enrolment_fact UNION ALL SELECT known_from, known_to, status"
        " FROM indicators.enrolment_history) AS known"
        " WHERE known_from <= $1 AND known_to > $1 AND status = 'in_training'",
        recorded[0]["recorded_at"],
    )
    assert known["entered"] == 40
    [late] = await indicators.rows("SELECT max(known_from) AS known FROM indicators.enrolment_fact")
    assert late["known"] < began


class LiveIntake:
    """Facts that go on being said and heard, by one applier whose connections know the tables that go away."""

    def __init__(self, indicators: ServiceUnderTest, speakers: Speakers) -> None:
        self._applier = applier_of(indicators, speakers)
        self._speakers = speakers
        self.said = 0

    async def run(self) -> None:
        while True:
            self.said += 1
            await self._speakers.say(enrolled(f"live {self.said}"), settled(f"live {self.said}"))
            await self.hear()

    async def hear(self) -> None:
        for name in ("enrolment", "followup"):
            # Asked to wait for the swap, it tries again, as the intake does.
            while not await heard_now(self._applier, await self._speakers.everything(name)):
                pass


async def test_live_intake_goes_on_during_and_right_after_the_swap(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.say(*HISTORY)
    await hear(indicators, speakers)
    live = LiveIntake(indicators, speakers)
    async with indicators.client("indicators:exact") as client:
        asked = {"as_of": "2017-03-02", "purpose": "swap"}
        before = await client.get("/v1/exact/indicators/in_training", params=asked)
        async with running(live.run()):
            await rebuild_of(indicators, speakers).run(expect_equal=True)
            at_swap = live.said
            async with asyncio.timeout(DEADLINE):
                while live.said < at_swap + 3:
                    await asyncio.sleep(0.01)
        await live.hear()
        after = await client.get("/v1/exact/indicators/in_training", params=asked)
        assert (before.status_code, after.status_code) == (200, 200)
    held = await indicators.rows("SELECT FROM indicators.enrolment_fact WHERE followup_version > 0")
    said = await indicators.rows("SELECT DISTINCT aggregate_id FROM followup.event_log")
    assert len(held) == len(said) > 21
    async with indicators.database.reading() as connection:
        assert set((await cells_adrift(connection)).values()) == {0}
    assert False not in await second_rebuild(indicators, speakers)


async def heard_now(applier: Applier, envelopes: list[Envelope]) -> bool:
    try:
        await applier.hear(envelopes)
    except DBAPIError as error:
        if not is_transient(error):
            raise
        return False
    return True


async def second_rebuild(indicators: ServiceUnderTest, speakers: Speakers) -> list[bool]:
    rebuild = rebuild_of(indicators, speakers)
    with pytest.raises(InTheWay):
        await rebuild.run()
    kept = await rebuild.forget()
    assert {"enrolment_fact", "intake_digest", "intake_position"} < set(kept)
    return [one.equal for one in (await rebuild.run(expect_equal=True)).differences]


async def test_runtime_roles_reach_neither_set_but_the_live_one(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.say(*HISTORY)
    await hear(indicators, speakers)
    await rebuild_of(indicators, speakers).run()
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=indicators.cluster.port,
        user="indicators_worker",
        password=password_of("indicators_worker"),
        database=indicators.database_name,
    )
    assert await connection.fetchval("SELECT count(*) FROM indicators.enrolment_fact") == 41
    for schema in ("indicators_before", "indicators_next"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval(f"SELECT count(*) FROM {schema}.enrolment_fact")  # noqa: S608
    await connection.close()
