"""Faults of the broker: killed, its store gone or old, a consumer or a stream deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.platform.topology import PROVISIONER, durables, stream_of
from tests.faults.arena import Arena

SPEAKING = ("labelling", "enrolment", "followup")
TRIES = 60
"""Half-second tries to reach a broker that another fault has taken away."""


async def nats_killed(arena: Arena, rng: Random) -> str:
    """SIGKILL and a new start on the same store."""
    down = rng.uniform(0.2, 3)
    nats = arena.rig.nats
    async with nats.turn:
        await nats.kill()
        await asyncio.sleep(down)
        if rng.random() < 0.5:
            await nats.keep_copy()
        await nats.start()
    return f"down for {down:.1f} s"


async def nats_wiped_running(arena: Arena, rng: Random) -> str:
    """The store is removed under the running server, which notices or not; then it is killed and starts empty."""
    blind = rng.uniform(0.5, 3)
    nats = arena.rig.nats
    async with nats.turn:
        nats.wipe()
        await asyncio.sleep(blind)
        await nats.kill()
        nats.wipe()
        await nats.start()
    return f"ran {blind:.1f} s without its files"


async def nats_wiped_stopped(arena: Arena, rng: Random) -> str:
    """The store is removed while the server is down."""
    down = rng.uniform(0.1, 1)
    nats = arena.rig.nats
    async with nats.turn:
        await nats.kill()
        nats.wipe()
        await asyncio.sleep(down)
        await nats.start()
    return "started empty"


async def nats_old_copy(arena: Arena, _rng: Random) -> str:
    """An older copy of the store takes the place of the present one."""
    nats = arena.rig.nats
    async with nats.turn:
        await nats.kill()
        await nats.restore_copy()
        await nats.start()
    return "started from an old copy"


async def consumer_deleted(arena: Arena, rng: Random) -> str:
    """Durables vanish; the provisioner makes them again."""
    chosen = rng.sample(sorted(durables(), key=lambda durable: durable.name), rng.randint(1, 4))

    async def delete(client: Client) -> None:
        for durable in chosen:
            await client.jsm().delete_consumer(stream_of(durable.speaker), durable.name)

    await _as_provisioner(arena, delete)
    return " ".join(durable.name for durable in chosen)


async def stream_deleted(arena: Arena, rng: Random) -> str:
    """A stream vanishes with everything in it."""
    speaker = rng.choice(SPEAKING)

    async def delete(client: Client) -> None:
        await client.jsm().delete_stream(stream_of(speaker))

    await _as_provisioner(arena, delete)
    return stream_of(speaker)


async def _as_provisioner(arena: Arena, act: Callable[[Client], Awaitable[None]]) -> None:
    """Act, again when another fault has taken the broker or the thing away. Raises RuntimeError in the end."""
    for _ in range(TRIES):
        try:
            client = await arena.rig.broker_client(PROVISIONER)
            try:
                await act(client)
            finally:
                await client.close()
            return
        except (NatsError, OSError, TimeoutError):
            await asyncio.sleep(0.5)
    raise RuntimeError("the broker could not be reached to harm it")
