"""Requests to drive parked events again: left by the admin route, carried out by whichever worker claims them first."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform import journal
from shared.platform.database import Database, Transaction
from shared.platform.exchange.redrive import Redriver, SourceHalted
from shared.platform.exchange.redrive_store import PostgresRedriveStore
from shared.platform.failures import is_transient

log = structlog.get_logger()

LOOK_EVERY = 1.0
CLAIM = 30.0
"""Seconds after which a request that its worker left unfinished is taken up by another one."""


@dataclass(frozen=True)
class Request:
    """What was asked for, and how far it is."""

    request: int
    source: str
    aggregate_id: str | None
    requested_by: str
    requested_at: datetime
    done_at: datetime | None
    driven: int
    left_parked: int | None
    note: str | None


_COLUMNS = "request, source, aggregate_id, requested_by, requested_at, done_at, driven, left_parked, note"
_ASK = """
INSERT INTO {schema}.redrive_request (source, aggregate_id, requested_by) VALUES (:source, :aggregate, :by)
RETURNING {columns}
"""
_READ = "SELECT {columns} FROM {schema}.redrive_request WHERE request = :request"
_CLAIM = """
UPDATE {schema}.redrive_request SET claimed_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE request = (
    SELECT request FROM {schema}.redrive_request
    WHERE done_at IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
    ORDER BY request FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING {columns}
"""
_ADD = """
UPDATE {schema}.redrive_request
SET driven = driven + :driven, claimed_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE request = :request
"""
_END = """
UPDATE {schema}.redrive_request SET done_at = clock_timestamp(), left_parked = :left, note = :note
WHERE request = :request AND done_at IS NULL
"""


async def ask(tx: Transaction, service: str, *, source: str, aggregate: str | None, by: str) -> Request:
    """Leave a request, journalled."""
    values = {"source": source, "aggregate": aggregate, "by": by}
    row = (await tx.execute(_sql(_ASK, service), values)).mappings().one()
    detail = {"request": row["request"], "source": source, "aggregate": aggregate}
    await journal.note(tx, service, client_id=by, action="exchange.redrive_asked", detail=detail)
    return Request(**row)


async def read(connection: AsyncConnection, service: str, *, request: int) -> Request | None:
    """One request, or None."""
    row = (await connection.execute(_sql(_READ, service), {"request": request})).mappings().one_or_none()
    return None if row is None else Request(**row)


class RedriveRequests:
    """Carries out what was asked for; several may run, a request has one worker at a time."""

    def __init__(self, database: Database, redriver: Redriver) -> None:
        self._database = database
        self._parked = PostgresRedriveStore(database)
        self._redriver = redriver

    async def run(self) -> None:
        """Until cancelled; whatever failed, a request that could not be finished is taken up again."""
        while True:
            try:
                worked = await self.step()
            except Exception as error:  # noqa: BLE001 - see above
                log.warning("redrive.interrupted", error=type(error).__name__, passing=is_transient(error))
                worked = False
            if not worked:
                await asyncio.sleep(LOOK_EVERY)

    async def step(self) -> bool:
        """Carry out one request; False when there is none."""
        request = await self._claim()
        if request is None:
            return False
        note: str | None = None
        refused = 0
        try:
            found = await self._parked.parked(request.source, aggregate=request.aggregate_id)
            for parked in found:
                result = await self._redriver.drive(parked, by=request.requested_by)
                refused += result.refused is not None
                await self._change(_ADD, request, driven=result.driven, seconds=CLAIM)
        except SourceHalted:
            note = "source_halted"
        if refused:
            note = "refused_again"
        left = await self._parked.left(request.source, aggregate=request.aggregate_id)
        await self._change(_END, request, left=left, note=note)
        return True

    async def _claim(self) -> Request | None:
        async with self._database.transaction() as tx:
            claimed = await tx.execute(_sql(_CLAIM, self._database.service), {"seconds": CLAIM})
            row = claimed.mappings().one_or_none()
            return None if row is None else Request(**row)

    async def _change(self, statement: str, request: Request, **values: Any) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(_sql(statement, self._database.service), {"request": request.request} | values)


def _sql(statement: str, service: str) -> TextClause:
    return text(statement.format(schema=service, columns=_COLUMNS))
