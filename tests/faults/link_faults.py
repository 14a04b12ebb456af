"""Faults of the lines between a process and a server: cut, thin, deaf in one direction, reset, refused."""

import asyncio
from random import Random

from tests.faults.arena import Arena, named
from tests.faults.proxy import BLACK_HOLE, DEAF, MUTE, REFUSING, Weather, slow


async def nats_black_hole(arena: Arena, rng: Random) -> str:
    """Nothing passes between some processes and the broker."""
    return await _hold(arena, "nats", weather=BLACK_HOLE, rng=rng)


async def nats_one_way(arena: Arena, rng: Random) -> str:
    """What is sent arrives and no answer comes back, or the other way round."""
    return await _hold(arena, "nats", weather=rng.choice([DEAF, MUTE]), rng=rng)


async def nats_slow(arena: Arena, rng: Random) -> str:
    """A far and thin line to the broker."""
    return await _hold(arena, "nats", weather=_slow(rng), rng=rng)


async def nats_reset(arena: Arena, rng: Random) -> str:
    """Connections to the broker are reset, and new ones refused for a while."""
    return await _reset(arena, "nats", rng=rng)


async def postgres_black_hole(arena: Arena, rng: Random) -> str:
    """Nothing passes between some processes and the database, or no answer comes back: commits of unknown fate."""
    return await _hold(arena, "postgres", weather=rng.choice([BLACK_HOLE, MUTE]), rng=rng)


async def postgres_slow(arena: Arena, rng: Random) -> str:
    """A far and thin line to the database."""
    return await _hold(arena, "postgres", weather=_slow(rng), rng=rng)


async def postgres_reset(arena: Arena, rng: Random) -> str:
    """Connections to the database are reset, and new ones refused for a while."""
    return await _reset(arena, "postgres", rng=rng)


def _slow(rng: Random) -> Weather:
    return slow(latency=rng.uniform(0.02, 0.3), rate=rng.uniform(50_000, 500_000))


async def _hold(arena: Arena, server: str, *, weather: Weather, rng: Random) -> str:
    links = arena.some_links(server, rng)
    await arena.under(links, weather, seconds=rng.uniform(2, 7))
    if rng.random() < 0.5:
        # A router between forgot the connections in the meantime.
        for link in links:
            link.reset()
        return f"{named(links)}, then reset"
    return named(links)


async def _reset(arena: Arena, server: str, *, rng: Random) -> str:
    links = arena.some_links(server, rng)
    for _ in range(rng.randint(1, 4)):
        for link in links:
            link.reset()
        await asyncio.sleep(rng.uniform(0.05, 0.5))
    await arena.under(links, REFUSING, seconds=rng.uniform(0.5, 3))
    return named(links)
