"""Connections and transactions; the only place that commits."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.events.envelope import Fact
from shared.platform import event_log
from shared.platform.event_log import Position
from shared.platform.request_context import current_traceparent
from shared.platform.sight import PUBLIC, Sight
from shared.platform.tracing import TRACING


class Transaction:
    """One unit of work: statements run in it, facts spoken in it, committed at the edge."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.spoken: list[Fact] = []
        self._last: list[Callable[[list[Position]], Awaitable[None]]] = []

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement in this transaction."""
        return await self.connection.execute(statement, parameters)

    def speak(self, *facts: Fact) -> None:
        """Say facts to the other services: they enter the log in this very commit, or not at all."""
        self.spoken.extend(facts)

    def at_last(self, act: Callable[[list[Position]], Awaitable[None]]) -> None:
        """Do something between the log and the commit, with the positions that were reached."""
        self._last.append(act)

    async def end(self, reached: list[Position]) -> None:
        """Do what was left for the end."""
        for act in self._last:
            await act(reached)


class Database:
    """The connections of one role of one service."""

    def __init__(
        self, url: str, *, service: str, role: str, pool_size: int = 8, stands_for: str | None = None
    ) -> None:
        """`stands_for` names the service whose tables are meant when its statements run on those of `service`."""
        self.service = service
        settings = {"application_name": f"tremplin-{service}-{role}", "jit": "off"}
        if stands_for is not None:
            # What is built beside the live tables counts only once a later commit, which waits for the disk, swaps it.
            settings |= {"search_path": service, "synchronous_commit": "off"}
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            # The text of an error quotes its parameters otherwise, and texts end up in logs.
            hide_parameters=True,
            pool_timeout=5,
            # A request must not meet a dead connection; workers try again anyway and spare the round trip.
            pool_pre_ping=role == "api",
            connect_args={"server_settings": settings, "timeout": 5},
        )
        self.engine: AsyncEngine = (
            engine.execution_options(schema_translate_map={stands_for: service}) if stands_for else engine
        )
        self.spoke = asyncio.Event()
        """Set after a commit that added to the log: wakes the relay of this process."""
        self.sight = PUBLIC

    def seen_by(self, sight: Sight) -> "Database":
        """The same connections, for transactions that see and write what is said here."""
        bound = copy.copy(self)
        bound.sight = sight
        return bound

    @asynccontextmanager
    async def transaction(
        self, positions: list[Position] | None = None, *, snapshot: bool = False
    ) -> AsyncIterator[Transaction]:
        """Begin; on leaving, number and log what was spoken, then commit; on an error, roll back.

        The positions of what was spoken are added to `positions` once they are durable. With `snapshot` all its
        statements have one view of the data.
        """
        async with self.engine.connect() as connection:
            if snapshot:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            await self._begin(connection)
            tx = Transaction(connection)
            yield tx
            reached = list(await self._log(tx))
            await tx.end(reached)
            await connection.commit()
            if reached:
                self.spoke.set()
                if positions is not None:
                    positions.extend(reached)

    async def _log(self, tx: Transaction) -> Sequence[Position]:
        if not tx.spoken:
            return ()
        with TRACING.step("log events", **{"tremplin.events": len(tx.spoken)}):
            return await event_log.append(
                tx.connection, tx.spoken, service=self.service, traceparent=current_traceparent()
            )

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[Transaction]:
        """A transaction that is always rolled back: nothing is logged, nothing stays."""
        async with self.engine.connect() as connection:
            await self._begin(connection)
            yield Transaction(connection)
            await connection.rollback()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for questions, with one view of the data for as long as it is held."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            await self._begin(connection)
            yield connection

    async def _begin(self, connection: AsyncConnection) -> None:
        # Workers have a role that sees what it needs; a public call sees what is public without a word.
        if self.sight is not PUBLIC:
            await self.sight.say(connection)

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """A connection for single statements that each stand alone: no transaction, one round trip each."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    async def close(self) -> None:
        """Give all connections back to the server."""
        await self.engine.dispose()
