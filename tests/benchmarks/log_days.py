"""`log-days`: what days cost. A log of 400 days beside one of 3, and an archive beside the table."""

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from shared.platform import event_log
from shared.platform.database import Database
from shared.platform.exchange.log_archive import MEMBER, Archive
from shared.platform.exchange.log_export import Exporter
from shared.platform.exchange.log_reader import read
from shared.platform.exchange.relay_store import Lease, PostgresRelayStore
from shared.platform.topology import PARTITIONS, listeners_of
from tests.benchmarks import report
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster, running_cluster

RUNS = 5
ARCHIVED = 200_000
_DAYS = """
SET TIME ZONE 'UTC';
SET search_path = labelling;
SELECT plan_log_days(CURRENT_DATE - {days} + 1, {days});
INSERT INTO event_log (partition, seq, day, event_id, type, aggregate_id, aggregate_version, data)
    SELECT p, n, CURRENT_DATE - {days} + n, uuidv7(), 'labelling.target.set.v1', 'target', n, '{{}}'
    FROM generate_series(0, 15) AS p, generate_series(1, {days}) AS n;
INSERT INTO log_day SELECT partition, seq, day FROM event_log;
UPDATE event_counter c SET last_seq = {days}, day = CURRENT_DATE, last_id = (
    SELECT event_id FROM event_log l WHERE l.partition = c.partition AND l.seq = {days});
ANALYZE;
"""
# A day of one partition that is over, with events of a usual size.
_BUSY_DAY = """
SET search_path = labelling;
SELECT plan_log_days('{day}', 1);
INSERT INTO event_log (partition, seq, day, event_id, previous_id, type, aggregate_id, aggregate_version, data)
    SELECT 0, n, '{day}', i, lag(i) OVER (ORDER BY n), 'labelling.target.set.v1', 'target', n, json_build_object(
        'target_id', i, 'version', n, 'indicator', 'entries', 'value', n, 'due_on', '2026-12-31',
        'label_fr', md5(i::text) || md5(n::text), 'label_en', md5(n::text || 'e'))
    FROM (SELECT n, uuidv7() AS i FROM generate_series(1, {events}) AS n) drawn;
INSERT INTO log_day VALUES (0, 1, '{day}');
UPDATE event_counter SET last_seq = {events}, day = '{day}', last_id = (
    SELECT event_id FROM event_log WHERE partition = 0 AND seq = {events}) WHERE partition = 0;
UPDATE relay_cursor SET published_through = {events} WHERE partition = 0;
INSERT INTO heard_position SELECT unnest(ARRAY[{listeners}]), 0, {events}
    ON CONFLICT (listener, partition) DO UPDATE SET last_seq = excluded.last_seq;
ANALYZE;
"""


async def bench() -> None:
    """Print each figure with 400 days beside its limit with 3; then the archive beside the table."""
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder), durable=True) as cluster:
        few, many = [await _log(cluster, _DAYS.format(days=days)) for days in (3, 400)]
        for name, measure, unit in (
            ("append-one", _append_one, "transactions/s"),
            ("append-500", _append_many, "events/s"),
            ("relay-read-500", _relay_read, "events/s"),
        ):
            # In turn, so that both meet the same moods of the machine.
            pairs = [(await measure(few), await measure(many)) for _ in range(RUNS)]
            limit, ours = zip(*pairs, strict=True)
            report.show(name, ours=ours, limit=limit, unit=unit, wanted=None)
        await _archive(cluster)
        for database in (few, many):
            await database.close()


async def _log(cluster: Cluster, statements: str) -> Database:
    name = await cluster.new_database()
    connection = await cluster.superuser(name)
    await connection.execute(statements)
    await connection.close()
    return Database(cluster.url(name, role="labelling_worker"), service="labelling", role="worker")


async def _append_one(database: Database) -> float:
    return await _append(database, times=300, size=1)


async def _append_many(database: Database) -> float:
    return 500 * await _append(database, times=30, size=500)


async def _append(database: Database, *, times: int, size: int) -> float:
    facts = [target(number) for number in range(size)]

    async def one() -> None:
        async with database.transaction() as tx:
            tx.speak(*facts)

    return await _rate(one, times=times)


async def _relay_read(database: Database) -> float:
    """The last 500 of all partitions, as a relay that is a batch behind reads them."""
    async with database.glance() as connection:
        heads = (await event_log.watermark(connection, service="labelling")).heads
    store = PostgresRelayStore(database)
    leases = [Lease(number, max(0, head - 32), 1) for number, head in heads.items()]

    async def one() -> None:
        found = await store.unpublished(leases, limit=500)
        if len(found) < PARTITIONS * 30:
            raise RuntimeError(len(found))

    return 500 * await _rate(one, times=100)


async def _rate(work: Callable[[], Awaitable[None]], *, times: int) -> float:
    await work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return 1 / statistics.median(took)


async def _archive(cluster: Cluster) -> None:
    day = date(2026, 1, 5)
    listeners = ", ".join(f"'{name}'" for name in listeners_of("labelling"))
    worker = await _log(cluster, _BUSY_DAY.format(day=day, events=ARCHIVED, listeners=listeners))
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        exporter = Exporter(worker, archive)
        tables = [await _pages(worker, archive) for _ in range(RUNS)]
        await exporter.close_days()
        began = time.perf_counter()
        await exporter.export()
        exported = ARCHIVED / (time.perf_counter() - began)
        size = _size(Path(folder))
        await exporter.drop(day)
        files = [await _pages(worker, archive) for _ in range(RUNS)]
        report.show("archive-read", ours=files, limit=tables, unit="events/s", wanted=None)
        report.show("archive-export", ours=[exported], limit=tables[:1], unit="events/s", wanted=None)
        print(f"  {ARCHIVED} events, {size / ARCHIVED:.0f} bytes each in the archive")
    await worker.close()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.gz"))


async def _pages(worker: Database, archive: Archive) -> float:
    """Everything, a feed's page at a time."""
    began = time.perf_counter()
    after = 0
    async with worker.glance() as connection:
        while after < ARCHIVED:
            page = await read(
                connection, service="labelling", partition=0, after=after, limit=MEMBER, archive=archive
            )
            after = page[-1].sequence
    return ARCHIVED / (time.perf_counter() - began)
