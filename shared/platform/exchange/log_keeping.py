"""The job beside the relay that keeps the days of the log: planned ahead, exported once closed, dropped if wanted."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import text

from shared.platform.database import Database
from shared.platform.exchange.log_export import DropRefused, Exporter
from shared.platform.log_days import TODAY
from shared.platform.metrics import ARCHIVE_REFUSALS, LOG_KEEPING_FAILED, LOG_UNPLANNED

log = structlog.get_logger()

EVERY = 3600.0
AFTER_FAILURE = 60.0
AHEAD = 4
"""Days that have a table: today and the next three, so that a job that stands still for a weekend is no matter."""

_AHEAD = "SELECT {today} + n FROM generate_series(0, CAST(:last AS integer)) AS n"
_UNPLANNED_DAYS = "SELECT DISTINCT day FROM {schema}.event_log_unplanned"
_UNPLANNED = "SELECT count(*) FROM {schema}.event_log_unplanned"
_PLAN = "SELECT {schema}.plan_log_days(:day, 1)"
_OLD = """
SELECT day FROM (
    SELECT to_date(substr(c.relname, 11), 'YYYYMMDD') AS day FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST('{schema}.event_log' AS regclass) AND c.relname ~ '^event_log_[0-9]+$'
) planned
WHERE day < {today} - CAST(:keep_days AS integer) ORDER BY day
"""


class LogKeeper:
    """Keeps one service's log; every replica with a relay has one, and they may work at the same time."""

    def __init__(self, worker: Database, exporter: Exporter | None, *, keep_days: int | None) -> None:
        self._worker = worker
        self._exporter = exporter
        self._keep_days = keep_days
        self._service = worker.service

    async def run(self) -> None:
        """Now and every hour, until cancelled."""
        failed = LOG_KEEPING_FAILED.labels(self._service)
        while True:
            wait = EVERY
            try:
                await self.keep()
                failed.set(0)
            except Exception as error:  # noqa: BLE001 - the service goes on: events without a day have their own table
                failed.set(1)
                log.error("log.keeping_failed", error=type(error).__name__)
                wait = AFTER_FAILURE
            await asyncio.sleep(wait)

    async def keep(self) -> None:
        """Once."""
        await self.plan()
        if self._exporter is None:
            return
        await self._exporter.register_listeners()
        await self._exporter.close_days()
        await self._exporter.export()
        if self._keep_days is not None:
            await self._drop(self._exporter, keep_days=self._keep_days)

    async def plan(self) -> None:
        """Tables for the days ahead, and for days on which events were said without one.

        A day at a time: each keeps the writers waiting for its own moment only.
        """
        ahead = await self._ask(_AHEAD, last=AHEAD - 1)
        found = await self._ask(_UNPLANNED_DAYS)
        for day in sorted({*ahead, *found}):
            async with self._worker.transaction() as tx:
                await tx.execute(text(_PLAN.format(schema=self._service)), {"day": day})
        await self._show_unplanned()

    async def _show_unplanned(self) -> None:
        events = (await self._ask(_UNPLANNED))[0]
        LOG_UNPLANNED.labels(self._service).set(events)
        if events:
            log.warning("log.unplanned", events=events)

    async def _drop(self, exporter: Exporter, *, keep_days: int) -> None:
        """From the earliest on; the first that has to stay keeps those after it."""
        for day in await self._ask(_OLD, keep_days=keep_days):
            try:
                await exporter.drop(day)
            except DropRefused as refused:
                ARCHIVE_REFUSALS.labels(self._service, refused.reason).inc()
                log.warning("archive.not_dropped", day=day.isoformat(), reason=refused.reason)
                return

    async def _ask(self, question: str, **values: int) -> Sequence[Any]:
        """The first column of an answer."""
        statement = question.format(schema=self._service, today=TODAY)
        async with self._worker.glance() as connection:
            return (await connection.execute(text(statement), values)).scalars().all()
