"""What a fault may lay hands on: the rig, and the log of what was planted."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asyncpg

from tests.faults.proxy import CLEAR, Link, Weather
from tests.faults.rig import Rig

AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a database that is being broken may answer."""


@dataclass(frozen=True)
class Planted:
    """An event planted in a log, and the listeners that have to park it."""

    service: str
    partition: int
    seq: int
    listeners: frozenset[str]


@dataclass
class Arena:
    """The rig, and what the books must know of the faults."""

    rig: Rig
    planted: list[Planted] = field(default_factory=list)

    async def ask(self, question: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of an answer, waiting for a server that another fault has taken away."""
        while True:
            try:
                connection = await self.rig.postgres.superuser()
                try:
                    return await connection.fetchrow(question, *arguments)
                finally:
                    connection.terminate()
            except AWAY:
                await asyncio.sleep(0.5)

    async def try_once(self, statement: str, *arguments: Any) -> None:
        """Run a statement; whether it was done when the server goes away, nobody knows."""
        try:
            connection = await self.rig.postgres.superuser()
            try:
                await connection.execute(statement, *arguments)
            finally:
                connection.terminate()
        except AWAY:
            await asyncio.sleep(0.5)

    def some_links(self, server: str, rng: Random) -> list[Link]:
        """Links to one server: of one process, of one service, or all of them."""
        # Doors alone have no line to the broker.
        names = sorted(
            name
            for name, held in self.rig.links
            if held == server and (server != "nats" or "-api-" not in name)
        )
        scope = rng.choice(["process", "process", "doors", "service", "all"])
        one = rng.choice(names)
        if scope == "process":
            chosen = [one]
        elif scope == "service":
            service = one.partition("-")[0]
            chosen = [name for name in names if name.startswith(service)]
        elif scope == "doors" and server == "postgres":
            # Where commits of unknown fate are made.
            chosen = [name for name in names if "-api-" in name]
        else:
            chosen = names
        return [self.rig.links[name, server] for name in chosen]

    async def under(self, links: list[Link], weather: Weather, *, seconds: float) -> None:
        """Give links a weather for a while."""
        for link in links:
            await link.set(weather)
        try:
            await asyncio.sleep(seconds)
        finally:
            for link in links:
                await link.set(CLEAR)


def named(links: list[Link]) -> str:
    """Links in one word or two."""
    return links[0].name if len(links) == 1 else f"{len(links)} links"
