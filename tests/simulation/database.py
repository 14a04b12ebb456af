"""A database of one service: transactions with row locks, and every way in which a server fails its clients."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.events.envelope import Envelope, Fact
from shared.platform.database import Transaction
from shared.platform.event_log import partition_of
from shared.platform.exchange.intake_store import Held
from tests.simulation.books import check_commit
from tests.simulation.facts import BASE, kind_of
from tests.simulation.loop import Life, let_go
from tests.simulation.tables import Effect, Parked, Tables
from tests.simulation.truth import Place
from tests.simulation.world import World

LOCK_TIMEOUT = 2.0
IDLE_TIMEOUT = 10.0
"""Seconds after which a transaction of a process that froze is ended by the server."""


class ServerError(Exception):
    """What the driver hands over of an error of the server."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def passing(state: str) -> OperationalError:
    """An error after which the same may succeed."""
    return OperationalError("statement", {}, ServerError(state))


def lost_connection() -> OperationalError:
    """The server is gone, and with it the transaction."""
    return OperationalError("statement", {}, ServerError("08006"), connection_invalidated=True)


def broken_rule() -> IntegrityError:
    """A constraint refuses the data."""
    return IntegrityError("statement", {}, ServerError("23514"))


def no_such_table() -> ProgrammingError:
    """A deploy is at fault."""
    return ProgrammingError("statement", {}, ServerError("42P01"))


class Unit(Transaction):
    """One transaction: the rows it has locked, and what becomes true with its commit."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.spoken: list[Fact] = []
        self.locked: list[Hashable] = []
        self.broken = False
        self.writes: list[Callable[[Tables], None]] = []
        self.moves: dict[Place, tuple[Held, Held]] = {}
        self.effects: list[Effect] = []
        self.parked: list[Parked] = []
        self.rows: list[tuple[Envelope, Fact]] = []


class Database:
    """One service's database, which all its processes use."""

    def __init__(self, world: World, service: str) -> None:
        self.world = world
        self.service = service
        self.tables = Tables((world.identity(),))
        self.units: dict[Unit, None] = {}
        self.away = False
        self.deploy_is_bad = False
        self.http_away = False
        self._boot = 0
        self._connected: dict[str, int] = {}
        self._owners: dict[Hashable, Unit] = {}
        self._waiting: defaultdict[Hashable, list[asyncio.Future[None]]] = defaultdict(list)

    # One way of a statement, and the way back.

    async def ask(self, life: Life, what: str, *, unit: Unit | None = None) -> None:
        """A statement reaches the server, or not. Raises what a driver raises."""
        await self.world.travel(life, f"{what} >")
        trouble = self._trouble(life, unit)
        if trouble is not None:
            self.world.note(life.name, f"{what} ! {type(trouble).__name__}")
            if unit is not None:
                self.end(unit)
            raise trouble

    async def answer(self, life: Life, what: str) -> None:
        """The statement was done; its answer reaches the client, or not."""
        await self.world.travel(life, f"{what} <")
        if self.world.happens("reply_lost"):
            self.world.note(life.name, f"{what} ! answer lost")
            raise lost_connection()

    def _trouble(self, life: Life, unit: Unit | None) -> Exception | None:
        if self.away:
            return ConnectionRefusedError()
        # The pool of a process learns of a restart once, by whichever of its tasks comes first.
        if self._connected.setdefault(life.name, self._boot) != self._boot:
            self._connected[life.name] = self._boot
            return lost_connection()
        if unit is not None and unit.broken:
            return lost_connection()
        if self.world.happens("refused"):
            return self.world.chance.choice(
                [
                    passing("40001"),
                    passing("40P01"),
                    passing("57014"),
                    lost_connection(),
                    TimeoutError(),
                    PoolTimeout(),
                ]
            )
        return None

    # Transactions.

    @asynccontextmanager
    async def begin(self, life: Life) -> AsyncIterator[Unit]:
        """Committed on leaving, rolled back on an error."""
        await self.ask(life, "begin")
        unit = Unit(life)
        self.units[unit] = None
        try:
            yield unit
            if unit.spoken:
                await self.append(unit)
            await self.ask(life, "commit", unit=unit)
            self.commit(unit)
        finally:
            self.end(unit)
        await self.answer(life, "commit")
        if unit.rows:
            life.spoke.set()

    async def lock(self, unit: Unit, key: Hashable) -> None:
        """Wait for a row as long as the server allows. Raises OperationalError."""
        if self._owners.get(key) is unit:
            return
        until = self.world.loop.time() + LOCK_TIMEOUT
        while key in self._owners:
            waiting = self.world.loop.create_future()
            self._waiting[key].append(waiting)
            timer = self.world.loop.call_at(until, let_go, waiting)
            await waiting
            timer.cancel()
            if self.world.loop.time() >= until:
                self.end(unit)
                raise passing("55P03")
        if unit.broken:
            raise lost_connection()
        self._owners[key] = unit
        unit.locked.append(key)

    def end(self, unit: Unit) -> None:
        """Nothing of it is kept, and its locks are free."""
        unit.broken = True
        self.units.pop(unit, None)
        for key in unit.locked:
            self._owners.pop(key, None)
            for waiting in self._waiting.pop(key, []):
                let_go(waiting)
        unit.locked.clear()

    def commit(self, unit: Unit) -> None:
        """All of it becomes true at once, and is checked against the books."""
        check_commit(self.world, self.service, tables=self.tables, unit=unit)
        for write in unit.writes:
            write(self.tables)
        self.tables.effects.update({effect.id: effect for effect in unit.effects})
        for row, fact in unit.rows:
            self.tables.log[row.partition].append(row)
            self.world.truth.learn(row, kind=kind_of(fact))
        self.end(unit)

    async def append(self, unit: Unit) -> None:
        """As `event_log.append`: lock the counters in partition order, then number and insert."""
        await self.ask(unit.life, "append", unit=unit)
        for partition in sorted({partition_of(fact.aggregate_id) for fact in unit.spoken}):
            await self.lock(unit, ("counter", partition))
        heads = self.number(unit)
        unit.writes.append(lambda tables: tables.heads.update(heads))
        await self.answer(unit.life, "append")

    def number(self, unit: Unit) -> dict[int, tuple[int, UUID | None]]:
        """Give each fact its place, and say how far the log reaches then."""
        heads: dict[int, tuple[int, UUID | None]] = {}
        for fact in unit.spoken:
            partition = partition_of(fact.aggregate_id)
            seq, previous = heads.get(partition, self.tables.heads[partition])
            row = Envelope(
                id=self.world.identity(),
                speaker=self.service,
                partition=partition,
                sequence=seq + 1,
                epoch=self.tables.epoch,
                type=fact.TYPE,
                aggregate_id=fact.aggregate_id,
                aggregate_version=fact.version,
                recorded_at=BASE + timedelta(seconds=self.world.loop.time()),
                data=fact.model_dump_json(),
                previous_id=previous,
            )
            unit.rows.append((row, fact))
            heads[partition] = (row.sequence, row.id)
        return heads

    # What fails.

    def abandon(self, life: Life, *, within: float) -> None:
        """A process is gone or silent: the server notices in time, and ends its transactions."""
        for unit in self.units:
            if unit.life is life:
                self.world.later(within * self.world.chance.random(), partial(self.end, unit))

    def terminate(self) -> None:
        """Every transaction is ended, every connection closed."""
        self._boot += 1
        for unit in list(self.units):
            self.end(unit)

    def go_back(self, backup: Tables, *, epoch: UUID | None) -> None:
        """The database is set back to what it was; perhaps whoever did it began a new epoch of the log."""
        kept = {row.id for rows in backup.log.values() for row in rows}
        lost = [row.id for rows in self.tables.log.values() for row in rows if row.id not in kept]
        truth = self.world.truth
        truth.forgotten.update(lost)
        if lost or epoch:
            truth.gone_back.add(self.service)
        self.tables = replace(backup.copy(), epochs=(*backup.epochs, *((epoch,) if epoch else ())))
        self.terminate()
