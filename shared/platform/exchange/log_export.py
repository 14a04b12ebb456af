"""From the tables to the archive: a day is closed, exported, read back, and only then may be dropped."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import Envelope
from shared.platform import event_log
from shared.platform.database import Database
from shared.platform.exchange.log_archive import MEMBER, Archive, BadArchive, Broken, Contents, file_of
from shared.platform.exchange.log_days_schema import ID_BITS
from shared.platform.log_days import TODAY, Stretch, within
from shared.platform.metrics import ARCHIVE_REFUSALS, ARCHIVED
from shared.platform.topology import listeners_of

log = structlog.get_logger()


@dataclass(frozen=True, order=True)
class Run:
    """What one partition says on one closed day."""

    day: date
    partition: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True)
class Exported:
    """A run as the archive has it."""

    run: Run
    contents: Contents
    file: str
    dropped_at: datetime | None


class DropRefused(Exception):
    """A day stays in the tables; the reason is a word."""

    def __init__(self, reason: str, *, day: date, file: str = "") -> None:
        super().__init__(f"{day}: {reason}{f' ({file})' if file else ''}")
        self.reason = reason


# Under the locks of the counters: an append that waits for one finds the new day, whatever day it began on.
_CLOSE = f"""
WITH closed AS MATERIALIZED (
    SELECT partition, last_seq FROM {{schema}}.event_counter WHERE day < {TODAY} ORDER BY partition FOR UPDATE
), moved AS (
    UPDATE {{schema}}.event_counter c SET day = {TODAY} FROM closed WHERE c.partition = closed.partition
)
INSERT INTO {{schema}}.log_day (partition, first_seq, day) SELECT partition, last_seq + 1, {TODAY} FROM closed
"""  # noqa: S608 - our own words
# A day is closed for a partition once a later one has begun there: days never go back.
_UNEXPORTED = """
SELECT d.day, d.partition, d.first_seq, d.next_seq - 1 AS last_seq
FROM (
    SELECT *, lead(first_seq) OVER (PARTITION BY partition ORDER BY first_seq, day) AS next_seq
    FROM {schema}.log_day
) d
WHERE d.next_seq > d.first_seq AND NOT EXISTS (
    SELECT FROM {schema}.log_archive a WHERE a.day = d.day AND a.partition = d.partition)
ORDER BY d.day, d.partition
"""
_HELD = """
SELECT count(*) AS events, min(seq) AS first_seq, max(seq) AS last_seq, sum({bits}) AS digest
FROM {schema}.event_log WHERE {days} AND partition = :partition
"""
_RECORD = """
INSERT INTO {schema}.log_archive
    (day, partition, first_seq, last_seq, events, digest, previous_id, last_id, content_sha256, file)
VALUES (:day, :partition, :first_seq, :last_seq, :events, :digest, :previous_id, :last_id, :sha256, :file)
ON CONFLICT DO NOTHING
"""
_EXPORTED = """
SELECT day, partition, first_seq, last_seq, events, digest, previous_id, last_id, content_sha256, file, dropped_at
FROM {schema}.log_archive ORDER BY partition, first_seq
"""
_REGISTER = """
INSERT INTO {schema}.heard_position (listener, partition, last_seq)
SELECT l, c.partition, 0 FROM unnest(CAST(:listeners AS text[])) AS l CROSS JOIN {schema}.event_counter c
ON CONFLICT DO NOTHING
"""
_DROP = "SELECT {schema}.drop_log_day(:day, CAST(:listeners AS text[]))"


class Exporter:
    """Moves one service's closed days to its archive; several at once do the same work twice and nothing else."""

    def __init__(self, worker: Database, archive: Archive) -> None:
        self._worker = worker
        self._archive = archive
        self._service = worker.service

    async def close_days(self) -> None:
        """Begin today in every partition: nothing is appended to an earlier day any more."""
        async with self._worker.transaction() as tx:
            await tx.execute(self._sql(_CLOSE))

    async def export(self) -> int:
        """Export every closed day that is not in the archive yet; gives the number of events.

        What cannot be exported is counted, said, and tried again the next time; the others are exported.
        """
        exported = 0
        for run in await self.unexported():
            try:
                exported += await self.export_run(run)
            except BadArchive as bad:
                ARCHIVE_REFUSALS.labels(self._service, bad.reason).inc()
                log.critical("archive.not_exported", reason=bad.reason, file=self._file_of(run))
        return exported

    async def unexported(self) -> list[Run]:
        """Runs of closed days that the archive does not have."""
        async with self._worker.glance() as connection:
            rows = await connection.execute(self._sql(_UNEXPORTED))
            return [Run(row.day, row.partition, row.first_seq, row.last_seq) for row in rows]

    async def export_run(self, run: Run) -> int:
        """Write, read back, compare with the tables, and only then record. Raises BadArchive."""
        file = self._file_of(run)
        async with self._worker.glance() as connection:
            await self._write(connection, run, file=file)
            contents = await asyncio.to_thread(self._archive.examine, file)
            await self._compare(connection, run, contents=contents)
        async with self._worker.transaction() as tx:
            await tx.execute(self._sql(_RECORD), _row_of(run, contents, file=file))
        ARCHIVED.labels(self._service).inc(contents.events)
        log.info("archive.exported", file=file, events=contents.events)
        return contents.events

    async def exported(self) -> list[Exported]:
        """What the archive should have, by partition and number."""
        async with self._worker.glance() as connection:
            return [_exported(row) for row in await connection.execute(self._sql(_EXPORTED))]

    async def register_listeners(self) -> None:
        """Whoever hears this service, and has never said how far, has heard nothing."""
        async with self._worker.transaction() as tx:
            await tx.execute(self._sql(_REGISTER), {"listeners": list(listeners_of(self._service))})

    async def drop(self, day: date) -> None:
        """Forget a day in the tables. Raises DropRefused: the files are read first, the database looks for itself."""
        for exported in await self.exported():
            if exported.run.day == day:
                await self._demand(exported)
        async with self._worker.transaction() as tx:
            values = {"day": day, "listeners": list(listeners_of(self._service))}
            refused = (await tx.execute(self._sql(_DROP), values)).scalar_one()
        if refused is not None:
            raise DropRefused(refused, day=day)
        log.info("archive.day_dropped", day=day.isoformat())

    async def check(self, exported: Exported) -> None:
        """Read a file to its end. Raises BadArchive unless it is what was recorded."""
        if await asyncio.to_thread(self._archive.examine, exported.file) != exported.contents:
            raise BadArchive("other_contents", file=exported.file)

    async def _demand(self, exported: Exported) -> None:
        try:
            await self.check(exported)
        except BadArchive as bad:
            raise DropRefused(f"file_{bad.reason}", day=exported.run.day, file=exported.file) from bad

    async def _write(self, connection: AsyncConnection, run: Run, *, file: str) -> None:
        try:
            with self._archive.writing(file) as writing:
                async with aclosing(self._pages(connection, run)) as pages:
                    async for page in pages:
                        await asyncio.to_thread(writing.add, page)
                await asyncio.to_thread(self._archive.keep, writing)
        except (Broken, event_log.LogMoved) as broken:
            raise BadArchive("log_broken", file=file) from broken

    async def _pages(self, connection: AsyncConnection, run: Run) -> AsyncGenerator[Sequence[Envelope], None]:
        """A member at a time: a day of any size takes the same memory."""
        epoch = (await event_log.watermark(connection, service=self._service)).epoch
        after = run.first_seq - 1
        while after < run.last_seq:
            stretch = Stretch(run.partition, after, run.last_seq, epoch, (run.day,), None)
            limit = min(MEMBER, run.last_seq - after)
            page = await event_log.held(connection, stretch, limit=limit, service=self._service)
            yield page
            after = page[-1].sequence

    async def _compare(self, connection: AsyncConnection, run: Run, *, contents: Contents) -> None:
        statement = self._sql(_HELD, days=within([run.day]), bits=ID_BITS)
        row = (await connection.execute(statement, {"partition": run.partition})).one()
        held = (row.first_seq, row.last_seq, row.events, row.digest)
        whole = (run.first_seq, run.last_seq) == held[:2]
        if not whole or held != (contents.first_seq, contents.last_seq, contents.events, contents.digest):
            raise BadArchive("not_the_log", file=self._file_of(run))

    def _file_of(self, run: Run) -> str:
        return file_of(self._service, run.day, partition=run.partition)

    def _sql(self, statement: str, **parts: str) -> TextClause:
        return text(statement.format(schema=self._service, **parts))


def lineage_faults(exported: Sequence[Exported]) -> list[str]:
    """Files whose first event does not follow the last one of the file before it in the same partition."""
    return [
        after.file
        for before, after in pairwise(exported)
        if before.run.partition == after.run.partition
        if (after.contents.first_seq, after.contents.previous_id)
        != (before.contents.last_seq + 1, before.contents.last_id)
    ]


def _row_of(run: Run, contents: Contents, *, file: str) -> dict[str, Any]:
    return vars(contents) | {"day": run.day, "partition": run.partition, "file": file}


def _exported(row: Any) -> Exported:
    contents = Contents(
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        events=row.events,
        digest=int(row.digest),
        previous_id=row.previous_id,
        last_id=row.last_id,
        sha256=row.content_sha256,
    )
    return Exported(
        Run(row.day, row.partition, row.first_seq, row.last_seq), contents, row.file, row.dropped_at
    )
