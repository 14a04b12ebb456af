"""What is forgotten by itself, after how long, in batches: the job beside the intake."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import text

from shared.platform.database import Database
from shared.platform.metrics import FORGOTTEN, FORGOTTEN_AT

log = structlog.get_logger()

EVERY: Final = 3600.0
BATCH: Final = 5000


@dataclass(frozen=True)
class Kept:
    """A table whose rows are kept for some days after an instant of theirs."""

    table: str
    since: str
    days: int


KEPT: Final = (Kept("idempotency_key", "kept_at", 7),)
_FORGET = """
DELETE FROM {schema}.{table} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM {schema}.{table} WHERE {since} < now() - make_interval(days => :days)
    ORDER BY {since} LIMIT :batch))
"""


async def forget(database: Database, kept: Kept) -> int:
    """Forget what is too old; gives the number of rows."""
    statement = text(_FORGET.format(schema=database.service, table=kept.table, since=kept.since))
    total = 0
    while True:
        async with database.transaction() as tx:
            gone = (await tx.execute(statement, {"days": kept.days, "batch": BATCH})).rowcount
        total += gone
        if gone < BATCH:
            return total


async def forget_for_ever(database: Database) -> None:
    """Now and every hour, until cancelled; what cannot be forgotten now is tried again the next time."""
    while True:
        for kept in KEPT:
            try:
                gone = await forget(database, kept)
            except Exception as error:  # noqa: BLE001 - the next time tries again; the class is logged
                log.warning("retention.not_done", table=kept.table, error=type(error).__name__)
                continue
            FORGOTTEN.labels(database.service, kept.table).inc(gone)
            FORGOTTEN_AT.labels(database.service, kept.table).set_to_current_time()
        await asyncio.sleep(EVERY)
