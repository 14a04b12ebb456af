"""Looks at heads and positions as the superuser, and times how long the listeners take to be level again."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from shared.platform.topology import HEARS, SPEAKERS
from tests.faults.servers import Postgres

EVERY = 0.25
Place = tuple[str, int]
"""A partition of a speaker's log."""

_HEADS = " UNION ALL ".join(
    f"SELECT '{speaker}' AS service, partition, last_seq FROM {speaker}.event_counter"  # noqa: S608 - our own names
    for speaker in SPEAKERS
)
_POSITIONS = " UNION ALL ".join(
    f"SELECT '{listener}' AS listener, source, partition, last_seq FROM {listener}.intake_position"  # noqa: S608
    for listener, speakers in HEARS.items()
    if speakers
)


@dataclass(frozen=True)
class Look:
    """Heads of every log and positions of every listener at one instant."""

    heads: Mapping[Place, int]
    positions: Mapping[str, Mapping[Place, int]]

    def behind(self, heads: Mapping[Place, int]) -> list[tuple[str, Place, int, int]]:
        """Listener, partition, position and head wherever a listener has not reached these heads."""
        found = []
        for listener, speakers in HEARS.items():
            held = self.positions.get(listener, {})
            for place, head in heads.items():
                if place[0] in speakers and held.get(place, 0) < head:
                    found.append((listener, place, held.get(place, 0), head))
        return found


async def look(connection: asyncpg.Connection) -> Look:
    """Positions first: a listener can then not seem to be ahead of a log."""
    positions: dict[str, dict[Place, int]] = {}
    for row in await connection.fetch(_POSITIONS):
        positions.setdefault(row["listener"], {})[row["source"], row["partition"]] = row["last_seq"]
    heads = {(row["service"], row["partition"]): row["last_seq"] for row in await connection.fetch(_HEADS)}
    return Look(heads, positions)


@dataclass
class Mark:
    """The end of a fault: the heads that stood then, and when every listener had reached them."""

    ended_at: float
    heads: Mapping[Place, int] | None = None
    repaired_at: float | None = None

    @property
    def repair_seconds(self) -> float | None:
        """From the end of the fault until all was heard; None while it is not."""
        return None if self.repaired_at is None else self.repaired_at - self.ended_at


@dataclass
class Watch:
    """One task that looks again and again, through restarts of the server."""

    postgres: Postgres
    latest: Look | None = None
    marks: list[Mark] = field(default_factory=list)
    looks: int = 0

    def mark(self) -> Mark:
        """A fault has just ended."""
        mark = Mark(time.monotonic())
        self.marks.append(mark)
        return mark

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._look_for_ever()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                # The server is one of the victims.
                await asyncio.sleep(EVERY)

    async def _look_for_ever(self) -> None:
        connection = await self.postgres.superuser()
        try:
            while True:
                self._note(await look(connection))
                await asyncio.sleep(EVERY)
        finally:
            connection.terminate()

    def _note(self, seen: Look) -> None:
        now = time.monotonic()
        self.latest = seen
        self.looks += 1
        for mark in self.marks:
            if mark.heads is None:
                mark.heads = seen.heads
            if mark.repaired_at is None and not seen.behind(mark.heads):
                mark.repaired_at = now

    async def level(self, *, within: float) -> bool:
        """Wait until every listener has heard everything there is; False when it takes too long."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            before = self.looks
            while self.looks < before + 2 and time.monotonic() < deadline:
                await asyncio.sleep(EVERY / 2)
            if self.latest is not None and not self.latest.behind(self.latest.heads):
                return True
        return False


def table_of(behind: list[tuple[str, Place, int, int]]) -> list[str]:
    """Who is behind what, one line each."""
    return [
        f"{listener} has heard {place[0]}/{place[1]:02d} up to {held} of {head}"
        for listener, place, held, head in behind
    ]
