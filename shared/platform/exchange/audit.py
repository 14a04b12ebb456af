"""The continuous audit: what a listener applied, hour by hour, against what its speakers' logs hold.

Positions and digests of the listener are read in one view of its data; an hour is compared once it is closed and the
position has passed its last event. Whatever differs then was lost, doubled or altered on one side or the other.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import text

from shared.platform.database import Database
from shared.platform.exchange.log_digests import HourDigest, LogDigests
from shared.platform.metrics import AUDIT_MISMATCHES, AUDITED
from shared.platform.topology import HEARS

log = structlog.get_logger()

EVERY = 3600.0
FIRST_AFTER = 60.0
WINDOW = timedelta(days=2)
"""How far back the job looks each time; the operators' verb looks further."""
CLOSED_AFTER = timedelta(minutes=10)
"""Longer than any transaction may take: nothing more is recorded in an hour that ended before."""
STRETCH = timedelta(days=1)
"""Asked in one question: the speaker reads its days whole, and one day is a question of moments."""
LOGGED = 20

Hour = tuple[int, datetime]
Sum = tuple[int, int]


class Digests(Protocol):
    """The speakers' own logs, asked over HTTP."""

    async def digests(self, speaker: str, *, since: datetime, until: datetime) -> LogDigests:
        """What a log holds, hour by hour. Raises FeedUnavailable."""


@dataclass(frozen=True)
class Mismatch:
    """One hour of one partition in which the two sides differ, with what each has: events and digest."""

    partition: int
    hour: datetime
    logged: Sum
    applied: Sum


@dataclass(frozen=True)
class _Applied:
    positions: Mapping[int, int]
    hours: Mapping[Hour, Sum]
    audited_from: datetime | None


_POSITIONS = "SELECT partition, last_seq FROM {schema}.intake_position WHERE source = :source"
_APPLIED = """
SELECT partition, hour, events, digest FROM {schema}.intake_digest
WHERE source = :source AND hour >= :since AND hour < :until
"""
_AUDITED_FROM = "SELECT audited_from FROM {schema}.intake_source WHERE source = :source"
_NOTHING: Sum = (0, 0)


async def mismatches(
    database: Database, digests: Digests, *, speaker: str, since: datetime, until: datetime | None = None
) -> list[Mismatch]:
    """Closed hours from `since` on in which the listener's digests are not the log's. Raises FeedUnavailable."""
    closed = datetime.now(UTC) - CLOSED_AFTER if until is None else until
    found: list[Mismatch] = []
    async for first, last in _stretches(since, closed):
        said = await digests.digests(speaker, since=first, until=last)
        found += _compare(said, await _applied(database, speaker, since=first, until=last))
    return found


async def earliest(database: Database, *, speaker: str) -> datetime | None:
    """The first hour that was kept of a source; None before the first event."""
    statement = f"SELECT min(hour) FROM {database.service}.intake_digest WHERE source = :source"  # noqa: S608
    async with database.glance() as connection:
        found: datetime | None = (await connection.execute(text(statement), {"source": speaker})).scalar_one()
        return found


async def _stretches(since: datetime, until: datetime) -> AsyncIterator[tuple[datetime, datetime]]:
    first, end = _whole(since), _whole(until)
    while first < end:
        last = min(first + STRETCH, end)
        yield first, last
        first = last


def _whole(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


async def _applied(database: Database, speaker: str, *, since: datetime, until: datetime) -> _Applied:
    schema, source = database.service, {"source": speaker}
    async with database.reading() as connection:
        positions = await connection.execute(text(_POSITIONS.format(schema=schema)), source)
        hours = await connection.execute(
            text(_APPLIED.format(schema=schema)), source | {"since": since, "until": until}
        )
        audited_from = await connection.execute(text(_AUDITED_FROM.format(schema=schema)), source)
        return _Applied(
            {row.partition: row.last_seq for row in positions},
            {(row.partition, row.hour): (row.events, int(row.digest)) for row in hours},
            audited_from.scalar_one_or_none(),
        )


def _compare(said: LogDigests, applied: _Applied) -> list[Mismatch]:
    logged = {(one.partition, one.hour): one for one in said.hours}
    begun = [instant for instant in (said.complete_from, applied.audited_from) if instant is not None]
    found: list[Mismatch] = []
    for partition, hour in sorted(logged.keys() | applied.hours.keys()):
        one = logged.get((partition, hour))
        passed = one is None or applied.positions.get(partition, 0) >= one.last_seq
        if not passed or any(hour < instant for instant in begun):
            continue
        sums = _sum(one), applied.hours.get((partition, hour), _NOTHING)
        if sums[0] != sums[1]:
            found.append(Mismatch(partition, hour, *sums))
    return found


def _sum(one: HourDigest | None) -> Sum:
    return _NOTHING if one is None else (one.events, one.digest)


class Auditor:
    """Compares one listener with all its speakers, again and again."""

    def __init__(self, database: Database, digests: Digests, *, every: float = EVERY) -> None:
        self._database = database
        self._digests = digests
        self._every = every

    async def run(self) -> None:
        """Audit until cancelled; a speaker that is away is asked the next time."""
        for speaker in HEARS[self._database.service]:
            # Until the first one ends, its age is that of this process.
            AUDITED.labels(self._database.service, speaker).set_to_current_time()
        await asyncio.sleep(min(FIRST_AFTER, self._every))
        while True:
            for speaker in HEARS[self._database.service]:
                try:
                    await self.look(speaker)
                except Exception as error:  # noqa: BLE001 - asked the next time; the class is logged
                    log.warning("audit.not_done", speaker=speaker, error=type(error).__name__)
            await asyncio.sleep(self._every)

    async def look(self, speaker: str) -> list[Mismatch]:
        """Compare the last hours of one speaker, and say what differs."""
        found = await mismatches(
            self._database, self._digests, speaker=speaker, since=datetime.now(UTC) - WINDOW
        )
        AUDIT_MISMATCHES.labels(self._database.service, speaker).set(len(found))
        AUDITED.labels(self._database.service, speaker).set_to_current_time()
        for one in found[:LOGGED]:
            log.error(
                "audit.mismatch",
                speaker=speaker,
                partition=one.partition,
                hour=one.hour.isoformat(),
                logged=one.logged[0],
                applied=one.applied[0],
            )
        return found
