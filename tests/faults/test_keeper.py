"""The keeper: what dies is born again, what is frozen is not, and nobody outlives the one who forked it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from signal import SIGKILL

import pytest

from deploy.local.processes import started_at
from tests.faults.keeper import RESTART_AFTER, Keeper, Kept

PATIENCE = 20.0


@pytest.fixture(scope="module")
async def keeper(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Keeper]:
    made = Keeper(tmp_path_factory.mktemp("logs"))
    await made.start(os.environ)
    yield made
    await made.stop()


def sleeper(name: str) -> Kept:
    """A process that stays: a server of files that nobody asks."""
    return Kept(
        name=name,
        number=0,
        service="none",
        role="none",
        arguments=("0",),
        environment=dict(os.environ),
        module="http.server",
    )


async def eventually(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not so():
            await asyncio.sleep(0.02)


async def born(keeper: Keeper, kept: Kept) -> int:
    keeper.keep(kept)
    await eventually(lambda: kept.pid is not None)
    assert kept.pid is not None
    return kept.pid


async def test_what_is_killed_is_born_again(keeper: Keeper) -> None:
    kept = sleeper("killed")
    first = await born(keeper, kept)
    assert kept.kill()
    await eventually(lambda: kept.pid not in {None, first})
    assert (kept.codes, kept.died_by_itself, kept.starts) == ([-SIGKILL], 0, 2)


async def test_who_dies_by_another_hand_is_counted(keeper: Keeper) -> None:
    kept = sleeper("shot")
    os.kill(await born(keeper, kept), SIGKILL)
    await eventually(lambda: kept.codes == [-SIGKILL])
    assert kept.died_by_itself == 1


async def test_what_is_frozen_stays_the_same_process_and_goes_on(keeper: Keeper) -> None:
    kept = sleeper("frozen")
    first = await born(keeper, kept)
    assert kept.freeze()
    await eventually(lambda: state_of(first) == "T")
    await asyncio.sleep(2 * RESTART_AFTER)
    kept.thaw()
    await eventually(lambda: state_of(first) != "T")
    assert (kept.pid, kept.codes) == (first, [])


async def test_what_is_dismissed_is_not_born_again(keeper: Keeper) -> None:
    kept = sleeper("dismissed")
    first = await born(keeper, kept)
    keeper.dismiss(kept)
    await eventually(lambda: started_at(first) is None)
    await asyncio.sleep(2 * RESTART_AFTER)
    assert kept.starts == 1


async def test_a_module_is_run_once_and_its_exit_code_is_told(keeper: Keeper) -> None:
    nothing = {"PATH": os.defpath}
    assert await keeper.run("good", "this", environment=nothing) == 0
    assert await keeper.run("bad", "no.such.module", environment=nothing) == 1


async def test_even_a_frozen_process_dies_with_its_nursery(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    await keeper.start(os.environ)
    kept = sleeper("orphan")
    first = await born(keeper, kept)
    kept.freeze()
    nursery = keeper._nursery
    assert nursery is not None
    os.kill(nursery.pid, SIGKILL)
    await eventually(lambda: started_at(first) is None)
    await keeper.stop()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
