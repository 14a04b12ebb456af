"""Days of the log: planned while others write, never needed by those who write, and found without a search."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from shared.platform import event_log
from shared.platform.app import assemble
from shared.platform.database import Database
from shared.platform.event_log import partition_of
from shared.platform.exchange import log_reader
from shared.platform.exchange.log_keeping import LogKeeper
from shared.platform.exchange.participant import Service
from shared.platform.exchange.relay_store import Lease, PostgresRelayStore, shares_of
from shared.platform.log_days import DAYS_AT_ONCE, DayMissing
from shared.platform.metrics import LOG_KEEPING_FAILED, LOG_UNPLANNED
from shared.platform.topology import PARTITIONS
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster
from tests.support.log_clock import advance_days, shadow_clock
from tests.support.under_test import ServiceUnderTest, settings_of

FAR = date(2099, 1, 1)
_LONG_LOG = """
SET TIME ZONE 'UTC';
SET search_path = labelling;
SELECT plan_log_days(CURRENT_DATE - 399, 400);
INSERT INTO event_log (partition, seq, day, event_id, type, aggregate_id, aggregate_version, data)
    SELECT p, n, CURRENT_DATE - 400 + n, uuidv7(), 'labelling.target.set.v1', 'target', n, '{}'
    FROM generate_series(0, 15) AS p, generate_series(1, 400) AS n;
INSERT INTO log_day SELECT partition, seq, day FROM event_log;
UPDATE event_counter c SET last_seq = 400, day = CURRENT_DATE, last_id = (
    SELECT event_id FROM event_log l WHERE l.partition = c.partition AND l.seq = 400);
"""


@pytest.fixture
async def worker(cluster: Cluster, database: str) -> AsyncIterator[Database]:
    """Labelling's log, whose clock can be moved."""
    await shadow_clock(cluster, database, service="labelling")
    found = Database(
        cluster.url(database, role="labelling_worker"), service="labelling", role="worker", pool_size=8
    )
    yield found
    await found.close()


async def say(database: Database, *numbers: int, version: int = 1) -> None:
    async with database.transaction() as tx:
        tx.speak(*(target(number, version) for number in numbers))


async def count_of(database: Database, table: str) -> int:
    found = await held(database, f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
    return int(found[0][0])


async def held(database: Database, question: str) -> list[Any]:
    async with database.glance() as connection:
        return [tuple(row) for row in await connection.execute(text(question))]


async def numbers_by_partition(database: Database) -> dict[int, list[int]]:
    async with database.glance() as connection:
        return {
            partition: [
                envelope.sequence
                for envelope in await log_reader.read(
                    connection,
                    service="labelling",
                    partition=partition,
                    after=0,
                    limit=100_000,
                    archive=None,
                )
            ]
            for partition in range(PARTITIONS)
        }


async def test_the_days_ahead_are_planned_once(worker: Database) -> None:
    keeper = LogKeeper(worker, None, keep_days=None)
    await keeper.plan()
    before = await held(worker, "SELECT count(*) FROM pg_inherits")
    await keeper.plan()
    assert await held(worker, "SELECT count(*) FROM pg_inherits") == before
    tables = await held(
        worker, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'event_log'::regclass"
    )
    assert len(tables) >= 5


async def test_an_event_of_a_day_that_is_not_planned_is_kept_counted_and_moved_once_it_is(
    worker: Database, cluster: Cluster, database: str
) -> None:
    await say(worker, *range(40))
    await advance_days(cluster, database, service="labelling", days=400)
    await say(worker, *range(40, 80))
    assert await count_of(worker, "event_log_unplanned") == 40
    before = await numbers_by_partition(worker)
    await LogKeeper(worker, None, keep_days=None).plan()
    assert await count_of(worker, "event_log_unplanned") == 0
    assert LOG_UNPLANNED.labels("labelling")._value.get() == 0
    assert await numbers_by_partition(worker) == before
    assert sum(len(numbers) for numbers in before.values()) == 80


async def test_a_clock_that_jumped_and_came_back_costs_no_event(
    worker: Database, labelling: ServiceUnderTest
) -> None:
    await say(worker, *range(40))
    await labelling.rows("UPDATE labelling.event_counter SET day = $1", FAR)
    await labelling.rows(
        "INSERT INTO labelling.log_day SELECT partition, last_seq + 1, day FROM labelling.event_counter"
    )
    await say(worker, *range(40, 80))
    assert await held(worker, "SELECT DISTINCT day FROM event_log_unplanned") == [(FAR,)]
    await LogKeeper(worker, None, keep_days=None).plan()
    await say(worker, *range(80, 120))
    assert await count_of(worker, f"event_log_{FAR:%Y%m%d}") == 80
    for numbers in (await numbers_by_partition(worker)).values():
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_day_is_planned_while_others_write_to_it(
    worker: Database, cluster: Cluster, database: str
) -> None:
    today = await advance_days(cluster, database, service="labelling", days=30)
    done = asyncio.Event()
    said = 0

    async def write(writer: int) -> None:
        nonlocal said
        version = 1
        while not done.is_set():
            await say(worker, *(writer * 100 + number for number in range(20)), version=version)
            said, version = said + 20, version + 1

    async def plan() -> None:
        for ahead in range(3):
            await asyncio.sleep(0.1)
            async with worker.transaction() as tx:
                await tx.execute(
                    text("SELECT labelling.plan_log_days(:day, 1)"), {"day": today + timedelta(days=ahead)}
                )
        done.set()

    # No writer may fail: each would raise here.
    await asyncio.gather(plan(), *(write(writer) for writer in range(5)))
    assert await count_of(worker, "event_log_unplanned") == 0
    assert await count_of(worker, f"event_log_{today:%Y%m%d}") == said
    for numbers in (await numbers_by_partition(worker)).values():
        assert numbers == list(range(1, len(numbers) + 1))


async def test_planning_gives_up_rather_than_keep_writers_waiting(
    worker: Database, cluster: Cluster, database: str
) -> None:
    today = await advance_days(cluster, database, service="labelling", days=30)
    async with worker.transaction() as slow:
        slow.speak(target(1))
        await worker._log(slow)
        slow.spoken.clear()
        with pytest.raises(Exception, match="lock timeout"):
            async with worker.transaction() as tx:
                await tx.execute(text("SELECT labelling.plan_log_days(:day, 1)"), {"day": today})
    await LogKeeper(worker, None, keep_days=None).plan()
    assert await count_of(worker, f"event_log_{today:%Y%m%d}") == 1


async def test_a_keeper_that_fails_says_so_and_stops_nobody(
    worker: Database, labelling: ServiceUnderTest
) -> None:
    await labelling.rows(
        "REVOKE EXECUTE ON FUNCTION labelling.plan_log_days(date, integer) FROM labelling_worker"
    )
    keeping = asyncio.create_task(LogKeeper(worker, None, keep_days=None).run())
    failed = LOG_KEEPING_FAILED.labels("labelling")._value
    async with asyncio.timeout(20):
        while not failed.get():
            await asyncio.sleep(0.01)
    await say(worker, 1)
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_a_service_plans_the_days_ahead_when_it_starts_whether_or_not_there_is_a_broker(
    cluster: Cluster, database: str, labelling: ServiceUnderTest
) -> None:
    ahead = (await labelling.rows("SELECT CURRENT_DATE + 3 AS day"))[0]["day"]
    await labelling.rows(f"DROP TABLE labelling.event_log_{ahead:%Y%m%d}")
    settings = settings_of(
        "labelling",
        cluster,
        database=database,
        roles=frozenset({"relay"}),
        nats_url="nats://127.0.0.1:1",
    )
    app = assemble(Service(name="labelling", title="toy", routers=[]), settings)
    async with app.router.lifespan_context(app), asyncio.timeout(20):
        while (await labelling.rows(f"SELECT to_regclass('labelling.event_log_{ahead:%Y%m%d}') AS made"))[0][
            "made"
        ] is None:
            await asyncio.sleep(0.02)


async def touched(cluster: Cluster, database: Database, *, statements: list[tuple[str, Any]]) -> set[str]:
    """The days whose tables or indexes these statements look into when they run."""
    tables: set[str] = set()
    connection = await cluster.superuser(str(database.engine.url.database))
    try:
        await connection.execute("SET search_path = labelling")
        for statement, values in statements:
            answer = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
            tables |= set(_looked_into(json.loads(answer)[0]["Plan"]))
    finally:
        await connection.close()
    return {table for table in tables if table.startswith("event_log_")}


def _looked_into(plan: dict[str, Any]) -> list[str]:
    here = [plan["Relation Name"]] if "Relation Name" in plan and plan["Actual Loops"] else []
    return here + [name for part in plan.get("Plans", ()) for name in _looked_into(part)]


class Statements:
    """What a database is asked about its log, as the driver gets it."""

    def __init__(self, database: Database) -> None:
        self.seen: list[tuple[str, Any]] = []
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._see)

    def _see(self, *given: Any) -> None:
        _, _, statement, values, _, _ = given
        if ".event_log " in statement:
            self.seen.append((statement, values))


@pytest.fixture(scope="module")
async def long_log(cluster: Cluster) -> AsyncIterator[Database]:
    """A log of 400 days, each with an event in every partition."""
    name = await cluster.new_database()
    connection = await cluster.superuser(name)
    await connection.execute(_LONG_LOG)
    await connection.close()
    found = Database(cluster.url(name, role="labelling_worker"), service="labelling", role="worker")
    yield found
    await found.close()
    await cluster.drop_database(name)


async def test_a_log_of_four_hundred_days_is_read_a_few_days_at_a_time(
    long_log: Database, cluster: Cluster
) -> None:
    statements = Statements(long_log)
    store = PostgresRelayStore(long_log)
    leases = [Lease(partition, 399, 1) for partition in range(PARTITIONS)]
    assert len(await store.unpublished(leases, limit=500)) == PARTITIONS
    async with long_log.glance() as connection:
        newest = await event_log.read(connection, service="labelling", partition=7, after=399, limit=500)
        places = [(envelope.partition, envelope.sequence, envelope.id) for envelope in newest]
        assert await event_log.strangers(connection, places, service="labelling") == ()
    assert len(statements.seen) == 3
    assert len(await touched(cluster, long_log, statements=statements.seen)) == 1

    statements.seen.clear()
    leases = [Lease(partition, 100 + partition, 1) for partition in range(PARTITIONS)]
    assert await store.unpublished(leases, limit=500)
    async with long_log.glance() as connection:
        assert await event_log.read(connection, service="labelling", partition=7, after=100, limit=500)
    for statement in statements.seen:
        assert len(await touched(cluster, long_log, statements=[statement])) == DAYS_AT_ONCE


async def test_a_log_of_four_hundred_days_is_read_whole(long_log: Database) -> None:
    store = PostgresRelayStore(long_log)
    through = dict.fromkeys(range(PARTITIONS), 0)
    # The relay wants every event once, in order, however few days it is shown at a time.
    while found := await store.unpublished([Lease(p, at, 1) for p, at in through.items()], limit=500):
        for envelope in found:
            assert envelope.sequence == through[envelope.partition] + 1
            through[envelope.partition] = envelope.sequence
    assert set(through.values()) == {400}
    for numbers in (await numbers_by_partition(long_log)).values():
        assert numbers == list(range(1, 401))


async def test_a_day_that_nobody_wrote_down_is_no_end_of_the_log(
    worker: Database, labelling: ServiceUnderTest
) -> None:
    await say(worker, 1)
    await labelling.rows("DELETE FROM labelling.log_day")
    async with worker.glance() as connection:
        with pytest.raises(DayMissing):
            await event_log.read(
                connection, service="labelling", partition=partition_of("target-1"), after=0, limit=1
            )


@pytest.mark.parametrize(
    ("wanted", "room", "shares"),
    [([1, 500, 500], 500, [1, 249, 250]), ([3, 2], 500, [3, 2]), ([9, 9], 1, [1, 1]), ([], 5, [])],
)
def test_the_room_of_a_batch_is_shared(wanted: list[int], room: int, shares: list[int]) -> None:
    assert shares_of(wanted, room=room) == shares
