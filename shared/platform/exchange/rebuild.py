"""A projection made again from position zero: beside the live one, compared with it, and put in its place.

The speakers' logs are read over HTTP in the order of recording and applied by the listener's own handlers, on tables
of another schema. Live intake goes on meanwhile; it waits only while the last events are applied and the tables swap.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.events.envelope import Fact
from shared.platform.database import Database, Transaction
from shared.platform.exchange.applying import Applier, Heard
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.intake_store import PostgresIntakeStore
from shared.platform.exchange.log_merge import Pages, Place, by_speaker, merged
from shared.platform.exchange.participant import Service
from shared.platform.exchange.projections import Projected
from shared.platform.exchange.table_sets import Difference, TableSet
from shared.platform.failures import is_transient
from shared.platform.topology import HEARS, PARTITIONS

log = structlog.get_logger()

BATCH = 2000
"""Events read in one go; each speaker's part of them is one transaction."""
TAIL = 500
"""What is left to apply when live intake is asked to wait."""
FEED_TRIES = 30
LAST_WAIT = 10.0
"""Seconds that live intake waits at most for the last events."""
LOCK_TRIES = 50
LOCK_WAIT = "800ms"
"""Less than the server takes to look for a deadlock: a reader in the way is never ended because of us."""

DIGESTS = Projected("intake_digest")


class InTheWay(Exception):
    """The rebuild cannot begin or end as things stand; the message says what to do."""


class Unequal(Exception):
    """The set made anew differs from the live one, which was expected to be right."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__("unequal")
        self.differences = list(differences)


@dataclass(frozen=True)
class Rebuilt:
    """How many events were applied, and how the two sets compared at the moment of the swap."""

    events: int
    differences: Sequence[Difference]


class Replayer(Applier):
    """Applies events that were heard before: each is known from when it was recorded, and none is passed over."""

    heeds_halts = False
    derived = False
    """Whether what is derived from facts follows each of them."""

    async def tell(self, work: Transaction, heard: Sequence[Heard[Fact]]) -> None:
        """Every state of an aggregate becomes history, so that one call never takes two of them."""
        for part in one_of_each(heard):
            again = [replace(item, known_at=item.envelope.recorded_at, derived=self.derived) for item in part]
            await super().tell(work, again)


def one_of_each(heard: Sequence[Heard[Fact]]) -> list[list[Heard[Fact]]]:
    """The facts in as few lists as let each hold an aggregate once, in the order of each aggregate."""
    lists: list[list[Heard[Fact]]] = []
    said: dict[str, int] = {}
    for item in heard:
        place = said[item.envelope.aggregate_id] = said.get(item.envelope.aggregate_id, -1) + 1
        if place == len(lists):
            lists.append([])
        lists[place].append(item)
    return lists


class Rebuild:
    """One rebuild of one service's projection."""

    def __init__(self, service: Service, url: str, *, pages: Pages) -> None:
        self._service = service
        self._url = url
        self._pages = pages
        self._tables = TableSet(
            service.name,
            [*service.projection, DIGESTS],
            plumbing=("intake_position", "parked_event", "intake_source"),
        )
        self._events = 0

    async def run(self, *, expect_equal: bool = False) -> Rebuilt:
        """Build, catch up, compare, swap. Raises InTheWay, Unfit, Unequal, LogChanged, FeedUnavailable."""
        async with self._opened() as (owner, beside):
            async with owner.transaction() as tx:
                if await self._tables.kept(tx.connection):
                    raise InTheWay("the set before the last rebuild is still kept: forget it first")
                await self._tables.make(tx.connection)
            applier = Replayer(
                PostgresIntakeStore(beside),
                feed=self._pages,
                listener=self._service.name,
                subscriptions=self._service.subscriptions,
            )
            left = await self._apply(beside, applier, live=owner)
            await self._derive(beside, applier)
            while left > TAIL:
                left = await self._apply(beside, applier, live=owner)
                log.info("rebuild.caught_up", service=self._service.name, events=self._events)
            async with owner.glance() as connection:
                await self._tables.analyse(connection)
            async with owner.transaction() as tx:
                await self._stop_intake(tx)
                await self._apply_last(beside, applier, live=owner)
                await self._demand_live_positions(tx)
                differences = await self._tables.differences(tx.connection)
                if expect_equal and not all(one.equal for one in differences):
                    raise Unequal(differences)
                await self._swap(tx)
        return Rebuilt(self._events, differences)

    async def _derive(self, beside: Database, applier: Replayer) -> None:
        """Once, from all the facts there are; what comes after moves it along, as in live intake."""
        if self._service.derive is not None:
            async with beside.transaction() as tx:
                await self._service.derive(tx)
        applier.derived = True

    async def forget(self) -> list[str]:
        """Drop what was kept of the set before the last swap; gives the names of its tables."""
        async with self._opened() as (owner, _), owner.transaction() as tx:
            kept = await self._tables.kept(tx.connection)
            await self._tables.forget(tx.connection, self._tables.before)
            return kept

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Database, Database]]:
        """The owner's connections, and those on which the second set is meant; one rebuild at a time."""
        name = self._service.name
        owner = Database(self._url, service=name, role="rebuild", pool_size=3)
        beside = Database(
            self._url, service=self._tables.beside, role="rebuild", pool_size=2, stands_for=name
        )
        try:
            async with owner.glance() as alone:
                taken = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
                if not (await alone.execute(taken, {"name": f"{name}.rebuild"})).scalar_one():
                    raise InTheWay("another rebuild of this service runs")
                yield owner, beside
        finally:
            await beside.close()
            await owner.close()

    async def _apply(
        self, beside: Database, applier: Applier, *, live: Database, tries: int = FEED_TRIES
    ) -> int:
        """Apply what live intake has heard beyond the positions; gives how many events that was."""
        before = self._events
        for attempt in range(tries):
            try:
                after = {place: found or 0 for place, found in (await self._positions(beside)).items()}
                until = await self._positions(live)
                async for batch in merged(self._pages, after, until=until, limit=BATCH):
                    for part in by_speaker(batch):
                        await applier.hear(part)
                    self._events += len(batch)
                return self._events - before
            except FeedUnavailable as away:
                log.warning("rebuild.feed_unavailable", reason=str(away), attempt=attempt)
                if attempt + 1 < tries:
                    await asyncio.sleep(1)
        raise FeedUnavailable("the logs cannot be read")

    async def _apply_last(self, beside: Database, applier: Applier, *, live: Database) -> None:
        """The few events that live intake heard meanwhile; it waits for this, so a feed that is away ends the rebuild.

        Raises InTheWay: nothing was swapped, and live intake goes on at once.
        """
        try:
            async with asyncio.timeout(LAST_WAIT):
                await self._apply(beside, applier, live=live, tries=1)
        except (TimeoutError, FeedUnavailable) as away:
            raise InTheWay("the logs did not give the last events in time: try again later") from away

    async def _positions(self, database: Database) -> dict[Place, int | None]:
        """By speaker and partition; None where what was heard belongs to an incarnation that is behind."""
        statement = text(_POSITIONS.format(schema=database.service))
        async with database.glance() as connection:
            rows = await connection.execute(statement)
            held = {(row.source, row.partition): row.last_seq for row in rows}
        return {
            (source, partition): held.get((source, partition), 0)
            for source in HEARS[self._service.name]
            for partition in range(PARTITIONS)
        }

    async def _stop_intake(self, tx: Transaction) -> None:
        """Every batch of the live intake begins by locking positions: those on their way end, the next ones wait."""
        await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await tx.execute(text("SET LOCAL lock_timeout = '30s'"))
        live = self._tables.live
        await tx.execute(text(f"LOCK TABLE {live}.intake_position, {live}.parked_event IN EXCLUSIVE MODE"))

    async def _demand_live_positions(self, tx: Transaction) -> None:
        """What was heard live of a log that still stands must have been heard anew."""
        behind = await tx.execute(text(_BEHIND.format(live=self._tables.live, beside=self._tables.beside)))
        if found := list(behind.scalars()):
            raise InTheWay(f"the feeds do not reach the live positions: {', '.join(found)}")

    async def _swap(self, tx: Transaction) -> None:
        await tx.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
        await _insist(tx, lambda: self._tables.lock(tx.connection))
        await self._tables.swap(tx.connection)
        names = {"live": self._tables.live, "beside": self._tables.beside, "before": self._tables.before}
        for statement in _TAKE_OVER:
            await tx.execute(text(statement.format(**names)))


_POSITIONS = """
SELECT p.source, p.partition, CASE WHEN p.epoch = ANY(s.superseded) THEN NULL ELSE p.last_seq END AS last_seq
FROM {schema}.intake_position p LEFT JOIN {schema}.intake_source s USING (source)
"""
_BEHIND = """
SELECT format('%s/%s', l.source, l.partition) FROM {live}.intake_position l
LEFT JOIN {beside}.intake_position b USING (source, partition)
LEFT JOIN {live}.intake_source s USING (source)
WHERE l.last_seq > coalesce(b.last_seq, 0) AND l.epoch <> ALL(coalesce(s.superseded, '{{}}')) ORDER BY 1
"""
# The positions stay the table they are: a batch that waits for their lock would go on with the former one.
_TAKE_OVER = (
    "CREATE TABLE {before}.intake_position AS SELECT * FROM {live}.intake_position",
    "CREATE TABLE {before}.parked_event AS SELECT * FROM {live}.parked_event",
    """
INSERT INTO {live}.intake_position (source, partition, epoch, last_seq, last_id, moved_at)
SELECT source, partition, epoch, last_seq, last_id, clock_timestamp() FROM {beside}.intake_position
ON CONFLICT (source, partition) DO UPDATE SET epoch = excluded.epoch, last_seq = excluded.last_seq,
    last_id = excluded.last_id, moved_at = excluded.moved_at
""",
    # A log that was set back may have nothing any more in a partition.
    """
UPDATE {live}.intake_position l SET epoch = NULL, last_seq = 0, last_id = NULL, moved_at = clock_timestamp()
WHERE NOT EXISTS (SELECT FROM {beside}.intake_position b WHERE b.source = l.source AND b.partition = l.partition)
""",
    "DELETE FROM {live}.parked_event",
    "INSERT INTO {live}.parked_event SELECT * FROM {beside}.parked_event",
    "UPDATE {live}.intake_source SET audited_from = NULL",
    "DROP TABLE {beside}.intake_position, {beside}.parked_event, {beside}.intake_source",
)


async def _insist(tx: Transaction, act: Callable[[], Awaitable[None]]) -> None:
    """Try again and again for a lock that readers hold in turn, without making the next ones queue for long."""
    for _ in range(LOCK_TRIES):
        try:
            async with tx.connection.begin_nested():
                await act()
                return
        except DBAPIError as error:
            if not is_transient(error):
                raise
            await asyncio.sleep(0.2)
    raise InTheWay("readers hold the tables without a pause: try again later")
