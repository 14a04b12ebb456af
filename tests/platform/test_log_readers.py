"""Readers of a log beside those who write it, plan its days, export and drop them."""

import asyncio
import contextlib
from collections import defaultdict

from sqlalchemy.exc import DBAPIError

from shared.platform.exchange.log_keeping import LogKeeper
from tests.platform.keeping import Keeping


async def write(keeping: Keeping, done: asyncio.Event) -> None:
    version = 1
    while not done.is_set():
        await keeping.say(*range(30), version=version)
        version += 1
        await asyncio.sleep(0.01)


async def read(keeping: Keeping, done: asyncio.Event) -> int:
    """Read all of it again and again: numbers without a gap, never fewer than before. Gives how often."""
    reached = times = 0
    while not done.is_set():
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        for envelope in await keeping.read():
            numbers[envelope.partition].append(envelope.sequence)
        for found in numbers.values():
            assert found == list(range(1, len(found) + 1))
        count = sum(map(len, numbers.values()))
        assert count >= reached
        reached = count
        times += 1
    return times


async def keep(keeping: Keeping, done: asyncio.Event) -> None:
    keeper = LogKeeper(keeping.worker, keeping.exporter, keep_days=1)
    for _ in range(4):
        await keeping.next_day(2)
        # Some events of the new day come before its table.
        await asyncio.sleep(0.05)
        await keeping.everybody_has_heard()
        # It may find the log busy: then it tries again the next time.
        with contextlib.suppress(DBAPIError):
            await keeper.keep()
    done.set()


async def test_readers_miss_nothing_while_days_are_planned_exported_and_dropped(keeping: Keeping) -> None:
    done = asyncio.Event()
    _, first, second, _ = await asyncio.gather(
        write(keeping, done), read(keeping, done), read(keeping, done), keep(keeping, done)
    )
    assert min(first, second) > 1
    assert [one for one in await keeping.exporter.exported() if one.dropped_at]
