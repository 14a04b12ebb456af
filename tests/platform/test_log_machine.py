"""Stories of a log, made up by Hypothesis on a real database: whatever happens, readers find what was committed."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.events.envelope import Envelope
from shared.platform.database import Database
from shared.platform.event_log import LogMoved, partition_of
from shared.platform.exchange import log_reader
from shared.platform.exchange.log_archive import Archive, BadArchive
from shared.platform.exchange.log_export import DropRefused, Exporter
from shared.platform.exchange.log_keeping import LogKeeper
from shared.platform.exchange.relay_store import Lease, PostgresRelayStore
from tests.platform.test_archive_files import rewrite
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster
from tests.support.log_clock import shadow_clock

# Aggregates of three partitions: enough to overtake one another.
PARTITIONS = (1, 4, 9)
AGGREGATES = [number for number in range(60) if partition_of(f"target-{number}") in PARTITIONS]
_BEGIN_ANEW = """
DO $$ DECLARE day text; BEGIN
    FOR day IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'labelling.event_log'::regclass
        AND inhrelid <> 'labelling.event_log_unplanned'::regclass LOOP
        EXECUTE 'DROP TABLE ' || day;
    END LOOP;
END $$;
DELETE FROM labelling.event_log;
DELETE FROM labelling.log_day;
DELETE FROM labelling.log_archive;
DELETE FROM labelling.clock_of_test;
UPDATE labelling.event_counter SET last_seq = 0, last_id = NULL, day = '-infinity';
UPDATE labelling.relay_cursor SET published_through = 0;
UPDATE labelling.heard_position SET last_seq = 0;
"""
# Said anew, from the rows themselves: closed, with a table of its own, archived, published and heard to its end.
_MAY_DROP = """
SELECT (SELECT min(day) > $1 FROM labelling.event_counter)
    AND EXISTS (SELECT FROM pg_class WHERE relnamespace = 'labelling'::regnamespace
        AND relname = 'event_log_' || to_char($1::date, 'YYYYMMDD'))
    AND NOT EXISTS (SELECT FROM labelling.event_log l WHERE l.day = $1 AND (
        NOT EXISTS (SELECT FROM labelling.log_archive a WHERE a.day = $1 AND a.partition = l.partition)
        OR l.seq > (SELECT published_through FROM labelling.relay_cursor r WHERE r.partition = l.partition)
        OR l.seq > (SELECT min(last_seq) FROM labelling.heard_position h WHERE h.partition = l.partition)))
"""


class World:
    """A database and a folder, for one story after another, on a loop of their own."""

    def __init__(self, cluster: Cluster, database: str, *, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._folder = folder
        self._stories = 0
        self.dropped = 0
        self.worker = Database(
            cluster.url(database, role="labelling_worker"), service="labelling", role="worker", pool_size=6
        )
        self.owner: asyncpg.Connection = self.run(cluster.superuser(database))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def ask(self, question: str, *values: Any) -> Any:
        return self.run(self.owner.fetchval(question, *values))

    def tell(self, statement: str, *values: Any) -> None:
        self.run(self.owner.execute(statement, *values))

    def begin_anew(self) -> Archive:
        self._stories += 1
        self.tell(_BEGIN_ANEW)
        return Archive(self.folder)

    @property
    def folder(self) -> Path:
        return self._folder / f"{self._stories}"

    def close(self) -> None:
        self.run(self.worker.close())
        self.run(self.owner.close())
        self._runner.close()


class RolledBack(Exception):
    pass


class LogMachine(RuleBasedStateMachine):
    """What is done to a log, and what it must look like at every moment."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.archive = self.world.begin_anew()
        self.worker = self.world.worker
        self.exporter = Exporter(self.worker, self.archive)
        self.seen: dict[int, list[Envelope]] = {partition: [] for partition in PARTITIONS}
        self.committed: defaultdict[str, list[int]] = defaultdict(list)
        self.published = dict.fromkeys(PARTITIONS, 0)

    @initialize()
    def begin(self) -> None:
        """A story of an empty log is soon told."""
        self.append([(AGGREGATES, False)])

    @rule(
        transactions=st.lists(
            st.tuples(st.lists(st.sampled_from(AGGREGATES), min_size=1, max_size=8), st.booleans()),
            min_size=1,
            max_size=4,
        )
    )
    def append(self, transactions: list[tuple[list[int], bool]]) -> None:
        self.world.run(self._append(transactions))

    async def _append(self, transactions: list[tuple[list[int], bool]]) -> None:
        async def one(numbers: list[int], *, roll_back: bool) -> None:
            with suppress(RolledBack):
                async with self.worker.transaction() as tx:
                    tx.speak(*(target(number) for number in numbers))
                    if roll_back:
                        await self.worker._log(tx)
                        raise RolledBack
            if not roll_back:
                for number in numbers:
                    self.committed[f"target-{number}"].append(1)

        await asyncio.gather(*(one(numbers, roll_back=roll_back) for numbers, roll_back in transactions))

    @rule(days=st.sampled_from([1, 1, 1, 2, 9, -1]))
    def turn_clock(self, days: int) -> None:
        self.world.tell("INSERT INTO labelling.clock_of_test VALUES ($1 * interval '1 day')", days)

    @rule(work=st.sampled_from(["plan", "export"]))
    def keep(self, work: str) -> None:
        if work == "plan":
            self.world.run(LogKeeper(self.worker, None, keep_days=None).plan())
            return
        self.world.run(self.exporter.close_days())
        self.world.run(self.exporter.export())
        assert self.world.run(self.exporter.unexported()) == []

    @rule(room=st.sampled_from([1, 7, 500]), heard=st.booleans())
    def relay(self, room: int, *, heard: bool) -> None:
        leases = [Lease(partition, through, 1) for partition, through in self.published.items()]
        for envelope in self.world.run(PostgresRelayStore(self.worker).unpublished(leases, limit=room)):
            assert envelope.sequence == self.published[envelope.partition] + 1
            self.published[envelope.partition] = envelope.sequence
        for partition, through in self.published.items():
            self.world.tell(
                "UPDATE labelling.relay_cursor SET published_through = $1 WHERE partition = $2",
                through,
                partition,
            )
            if heard:
                self.world.tell(
                    "UPDATE labelling.heard_position SET last_seq = $1 WHERE partition = $2",
                    through,
                    partition,
                )

    @rule(ready=st.sampled_from([True, True, False]))
    def drop_the_earliest_day(self, *, ready: bool) -> None:
        if ready:
            # What a quiet night brings, so that stories get that far.
            self.turn_clock(1)
            self.keep("plan")
            self.keep("export")
            self.relay(500, heard=True)
        held = self.world.ask("SELECT min(day) FROM labelling.event_log")
        if held is None:
            return
        may = self.world.ask(_MAY_DROP, held)
        try:
            self.world.run(self.exporter.drop(held))
        except DropRefused:
            assert not may
            return
        assert may
        self.world.dropped += 1

    @rule(partition=st.sampled_from(PARTITIONS), data=st.data(), limit=st.integers(1, 30))
    def read_a_page(self, partition: int, data: st.DataObject, *, limit: int) -> None:
        seen = self.seen[partition]
        after = data.draw(st.integers(0, len(seen) + 2))
        assert self.world.run(self._read(partition, after=after, limit=limit)) == seen[after : after + limit]

    async def _read(self, partition: int, *, after: int, limit: int) -> list[Envelope]:
        async with self.worker.glance() as connection:
            return await log_reader.read(
                connection,
                service="labelling",
                partition=partition,
                after=after,
                limit=limit,
                archive=self.archive,
            )

    @invariant()
    def a_reader_finds_what_was_committed_and_nothing_else(self) -> None:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for partition in PARTITIONS:
            envelopes = self.world.run(self._read(partition, after=0, limit=100_000))
            assert [envelope.sequence for envelope in envelopes] == list(range(1, len(envelopes) + 1))
            assert [envelope.previous_id for envelope in envelopes] == [
                None, *(envelope.id for envelope in envelopes[:-1])
            ][: len(envelopes)]  # fmt: skip
            before = self.seen[partition]
            assert envelopes[: len(before)] == before
            self.seen[partition] = envelopes
            for envelope in envelopes:
                found[envelope.aggregate_id].append(envelope.aggregate_version)
        assert found == self.committed


@pytest.fixture
async def world(cluster: Cluster, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Used on a thread of its own: Hypothesis knows nothing of loops."""
    await shadow_clock(cluster, database, service="labelling")
    found = await asyncio.to_thread(World, cluster, database, folder=tmp_path)
    LogMachine.world = found
    yield found
    await asyncio.to_thread(found.close)


async def test_whatever_happens_readers_find_what_was_committed(world: World) -> None:
    # The same stories in each run, told as they are: to look for new ones and to shorten one that fails, by hand,
    # give more examples and the phase `shrink`, which takes minutes.
    quiet = settings(
        max_examples=15,
        stateful_step_count=20,
        derandomize=True,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, LogMachine, settings=quiet)
    # Stories that never get as far as a drop would prove little.
    assert world.dropped > 3


def lose_a_line(machine: LogMachine) -> None:
    rewrite(next(machine.world.folder.rglob("*.gz")), drop=0)


def lose_a_file(machine: LogMachine) -> None:
    next(machine.world.folder.rglob("*.gz")).unlink()


@pytest.mark.parametrize("lose", [lose_a_line, lose_a_file])
async def test_an_archive_that_loses_something_is_missed(
    world: World, *, lose: Callable[[LogMachine], None]
) -> None:
    def story() -> None:
        machine = LogMachine()
        machine.append([(AGGREGATES, False)])
        machine.drop_the_earliest_day(ready=True)
        machine.a_reader_finds_what_was_committed_and_nothing_else()
        lose(machine)
        with pytest.raises(BadArchive):
            machine.a_reader_finds_what_was_committed_and_nothing_else()

    await asyncio.to_thread(story)


# Each takes one guard away.
PLANTS = {
    "a drop that asks nobody": """
        CREATE OR REPLACE FUNCTION labelling.drop_log_day(wanted date, listeners text[]) RETURNS text
        LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
            EXECUTE 'DROP TABLE labelling.' || to_char(wanted, '"event_log_"YYYYMMDD');
            RETURN NULL;
        END $$""",
    "a day that is not written down": """
        CREATE FUNCTION labelling.forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF EXISTS (SELECT FROM labelling.log_day WHERE partition = NEW.partition) THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER forget BEFORE INSERT ON labelling.log_day FOR EACH ROW EXECUTE FUNCTION labelling.forget()""",
    "events that are lost while their day is planned": """
        CREATE OR REPLACE FUNCTION labelling.plan_log_days(first date, days integer) RETURNS integer
        LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM labelling.event_log_unplanned; SELECT 0'""",
    "numbers that are given twice": """
        CREATE FUNCTION labelling.turn_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.last_seq := NEW.last_seq - 1;
            RETURN NEW;
        END $$;
        CREATE TRIGGER turn_back BEFORE UPDATE ON labelling.event_counter FOR EACH ROW
            WHEN (NEW.day > OLD.day AND OLD.last_seq > 0) EXECUTE FUNCTION labelling.turn_back()""",
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
async def test_a_guard_that_is_taken_away_is_missed(world: World, *, plant: str) -> None:
    def story() -> None:
        machine = LogMachine()
        machine.keep("plan")
        machine.append([(AGGREGATES, False)])
        world.tell(plant)
        machine.turn_clock(9)
        machine.append([(AGGREGATES, False)])
        machine.a_reader_finds_what_was_committed_and_nothing_else()
        machine.keep("plan")
        machine.turn_clock(1)
        machine.append([(AGGREGATES, False)])
        machine.drop_the_earliest_day(ready=False)
        machine.a_reader_finds_what_was_committed_and_nothing_else()

    with pytest.raises((AssertionError, LogMoved)):
        await asyncio.to_thread(story)
