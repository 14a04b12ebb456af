"""What a route may ask for: a transaction, a reading connection, today's date, the caller."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kernel.clock import Clock
from shared.platform.caller import Caller
from shared.platform.database import Database, Transaction
from shared.platform.exchange.freshness import require_heard
from shared.platform.sight import Sight
from shared.platform.topology import SPEAKERS

_POSITION = rf"({'|'.join(sorted(SPEAKERS))})/(0[0-9]|1[0-5])/[0-9]{{1,18}}"
"""A speaker, one of its partitions, a number."""


def database_of(request: Request) -> Database:
    """The API role's database, as far as the caller of this request may see it."""
    database: Database = request.app.state.database
    caller: Caller | None = getattr(request.state, "caller", None)
    return database if caller is None else database.seen_by(Sight.of(caller))


async def _transaction(request: Request) -> AsyncIterator[Transaction]:
    async with database_of(request).transaction(request.state.positions) as tx:
        yield tx


async def _snapshot(request: Request) -> AsyncIterator[Transaction]:
    async with database_of(request).transaction(request.state.positions, snapshot=True) as tx:
        yield tx


async def reader(
    request: Request,
    at_least: Annotated[
        str | None,
        Query(
            max_length=2000,
            pattern=rf"^{_POSITION}(, ?{_POSITION})*$",
            description="Positions (`Tremplin-Position` of a write) that must have been heard; 503 until then.",
            examples=["enrolment/07/1234"],
        ),
    ] = None,
) -> AsyncIterator[AsyncConnection]:
    """A connection for questions, once what the caller has seen is heard. Raises ProblemError 503 until then."""
    async with database_of(request).reading() as connection:
        if at_least:
            await require_heard(connection, at_least, service=request.app.state.service)
        yield connection


def _today(request: Request) -> date:
    clock: Clock = request.app.state.clock
    return clock.today()


# Function scope: the commit precedes the answer, so a 2xx is never sent for what is not durable.
Tx = Annotated[Transaction, Depends(_transaction, scope="function")]
SnapshotTx = Annotated[Transaction, Depends(_snapshot, scope="function")]
"""A transaction whose statements have one view of the data."""
Reader = Annotated[AsyncConnection, Depends(reader, scope="function")]
Db = Annotated[Database, Depends(database_of)]
Today = Annotated[date, Depends(_today)]
