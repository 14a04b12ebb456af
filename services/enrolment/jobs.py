"""Work that goes on beside the doors: coverage that one transaction could not carry to every entry.

A label heard late may settle thousands of entries, while a transaction says 500 facts at most. The rest waits in
`unsettled_trainings`, and every process that answers HTTP takes its part of it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from fastapi import APIRouter, FastAPI

from services.enrolment.use_cases.coverage import settle_leftovers
from shared.platform.database import Database

log = structlog.get_logger()

PAUSE: Final = 5.0
"""Seconds between two looks at an empty list."""


async def settle_once(database: Database) -> bool:
    """One transaction's worth of what is left; gives whether there was anything."""
    async with database.transaction() as tx:
        return await settle_leftovers(tx)


async def _settle_for_ever(database: Database) -> None:
    while True:
        try:
            found = await settle_once(database)
        except Exception as error:  # noqa: BLE001 - the next look tries again; the class is logged
            log.warning("settling.interrupted", error=type(error).__name__)
            found = False
        if not found:
            await asyncio.sleep(PAUSE)


@asynccontextmanager
async def _beside(app: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(_settle_for_ever(app.state.database))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


# A router without routes: its lifespan starts once the service's own has opened the database.
router = APIRouter(lifespan=_beside)
