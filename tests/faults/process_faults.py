"""Faults of processes and of the database server: killed, frozen, doubled, restarted, cut off from inside."""

import asyncio
from collections.abc import Callable
from random import Random

from tests.faults.arena import Arena
from tests.faults.keeper import Kept

LEASE = 10.0
_BACKENDS = """
SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity
    WHERE application_name LIKE 'tremplin-%' AND pid <> pg_backend_pid() AND random() < {share}
) AS chosen
"""


async def kill_api(arena: Arena, rng: Random) -> str:
    """SIGKILL of an API process, in the middle of its requests."""
    return await _kill(arena, "api", rng=rng)


async def kill_relay(arena: Arena, rng: Random) -> str:
    """SIGKILL of a relay: its leases have to run out."""
    return await _kill(arena, "relay", rng=rng)


async def kill_intake(arena: Arena, rng: Random) -> str:
    """SIGKILL of one replica of a listener."""
    return await _kill(arena, "intake", rng=rng)


async def freeze_relay(arena: Arena, rng: Random) -> str:
    """SIGSTOP for longer than the lease, then the relay goes on as if nothing had been."""
    return await _freeze(arena, "relay", rng=rng, seconds=rng.uniform(LEASE + 2, LEASE + 5))


async def freeze_intake(arena: Arena, rng: Random) -> str:
    """SIGSTOP of an intake for longer than any lease."""
    return await _freeze(arena, "intake", rng=rng, seconds=rng.uniform(LEASE + 2, LEASE + 5))


async def freeze_briefly(arena: Arena, rng: Random) -> str:
    """SIGSTOP of any process for a moment."""
    return await _freeze(arena, None, rng=rng, seconds=rng.uniform(0.5, 3))


async def two_relays(arena: Arena, rng: Random) -> str:
    """A second relay, and leases that end while their owners believe in them: both publish the same partitions."""
    service = rng.choice(["labelling", "enrolment", "followup"])
    second = await arena.rig.second_relay(service)
    expire = f"UPDATE {service}.relay_cursor SET leased_until = clock_timestamp() - interval '1 second'"  # noqa: S608
    for _ in range(4):
        await asyncio.sleep(rng.uniform(0.8, 1.6))
        await arena.try_once(expire)
    await arena.rig.without(second)
    return service


async def postgres_restarted(arena: Arena, rng: Random) -> str:
    """`pg_ctl stop -m immediate`, then crash recovery."""
    down = rng.uniform(0.1, 2)
    async with arena.rig.postgres.turn:
        await arena.rig.postgres.restart_immediately(down=down)
    return f"down for {down:.1f} s"


async def backends_terminated(arena: Arena, rng: Random) -> str:
    """`pg_terminate_backend` of random sessions of the services, a few times."""
    share = rng.choice([0.2, 0.5, 1.0])
    for _ in range(rng.randint(1, 4)):
        await arena.try_once(_BACKENDS.format(share=share))
        await asyncio.sleep(rng.uniform(0.1, 0.6))
    return f"{share:.0%} of the sessions"


async def _kill(arena: Arena, role: str, *, rng: Random) -> str:
    victims = await _alive(lambda: arena.rig.processes(role))
    chosen = rng.sample(victims, min(len(victims), rng.choice([1, 1, 2])))
    return " ".join(kept.name for kept in chosen if kept.kill())


async def _freeze(arena: Arena, role: str | None, *, rng: Random, seconds: float) -> str:
    victims = await _alive(lambda: arena.rig.processes(role) if role else arena.rig.keeper.kept)
    victim = rng.choice(victims)
    victim.freeze()
    try:
        await asyncio.sleep(seconds)
    finally:
        victim.thaw()
    return victim.name


async def _alive(processes: Callable[[], list[Kept]]) -> list[Kept]:
    """Those that live and run, as soon as there is one: another fault may have been here before."""
    while not (found := [kept for kept in processes() if kept.pid is not None and not kept.frozen]):
        await asyncio.sleep(0.1)
    return found
