"""Work beside the doors: coverage that one transaction could not carry to every entry, and hearing labels again.

A label heard late may settle thousands of entries, while a transaction says 500 facts at most. The rest waits in
`unsettled_trainings`, and every process that listens takes its part of it.
"""

import asyncio
from typing import Final

import structlog

from services.enrolment.use_cases.coverage import (
    drop_unheard_labels,
    forget_labels,
    longest_waiting,
    postpone,
    settle_rest,
)
from shared.platform.database import Database

log = structlog.get_logger()

PAUSE: Final = 5.0
"""Seconds between two looks at an empty list."""


async def settle_once(database: Database) -> bool:
    """One transaction's worth of what is left; gives whether there was anything.

    A training that cannot be settled goes to the end of the list, and its error is raised.
    """
    async with database.transaction() as tx:
        waiting = await longest_waiting(tx)
    if not waiting:
        return False
    try:
        async with database.transaction() as tx:
            await settle_rest(tx, waiting)
    except Exception:
        async with database.transaction() as tx:
            await postpone(tx, waiting)
        raise
    return True


async def settle_for_ever(database: Database) -> None:
    """Settle until cancelled."""
    while True:
        try:
            found = await settle_once(database)
        except Exception as error:  # noqa: BLE001 - the next look tries again; the class is logged
            log.warning("settling.interrupted", error=type(error).__name__)
            found = False
        if not found:
            await asyncio.sleep(PAUSE)


async def forget_heard_labels(database: Database) -> None:
    """Forget which version of each label was heard; entries are judged by what it says meanwhile."""
    async with database.transaction() as tx:
        await forget_labels(tx)


async def drop_labels_not_heard(database: Database) -> None:
    """Drop labels that were not heard again; sessions and entries follow, and the others are told."""
    left = True
    while left:
        async with database.transaction() as tx:
            left = await drop_unheard_labels(tx)
