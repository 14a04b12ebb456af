"""`ladder`: the exchange alone, by the number of events in a transaction and by the number of partitions they touch.

Events per second from the first commit at the speaker to the last effect at the listener; writers, relay and
listener share one process.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

from shared.events.enrolment import EnrolmentEntered
from shared.platform.event_log import partition_of
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Intake
from tests.benchmarks.serial import entered
from tests.benchmarks.stage import LISTENER, SPEAKER, Stage, stage

BATCHES = (1, 10, 50, 100, 250, 500)
PARTITIONS = (1, 4, 16)
EVENTS = 10_000
FEW = 1_000
"""Events of the rungs whose every event is a transaction of its own."""
WRITERS = 4
DEADLINE = 120.0


async def bench() -> None:
    """Print a table and a JSON line per rung."""
    async with stage() as stand:
        speaker, ears = stand.server.broker(SPEAKER), stand.server.broker(LISTENER)
        await speaker.connect()
        await ears.connect()
        works = [
            asyncio.create_task(work)
            for work in (stand.relay(speaker).run(), Intake(stand.ears(ears, Watermarks())).run())
        ]
        print(f"{'batch':>6} {'partitions':>11} {'written/s':>10} {'heard/s':>10}")
        for partitions in PARTITIONS:
            for batch in BATCHES:
                await _rung(stand, batch=batch, partitions=partitions)
        for work in works:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
        await speaker.close()
        await ears.close()


async def _rung(stand: Stage, *, batch: int, partitions: int) -> None:
    events = FEW if batch == 1 else EVENTS
    facts = list(facts_in(events, partitions=partitions))
    before = await stand.landed()
    lots = iter([facts[first : first + batch] for first in range(0, events, batch)])
    started = time.perf_counter()

    async def write() -> None:
        for lot in lots:
            async with stand.speaker.transaction() as tx:
                tx.speak(*lot)

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    written = time.perf_counter() - started
    async with asyncio.timeout(DEADLINE):
        while await stand.landed() < before + events:
            await asyncio.sleep(0.01)
    heard = time.perf_counter() - started
    print(f"{batch:>6} {partitions:>11} {events / written:>10,.0f} {events / heard:>10,.0f}")
    rung = {"bench": "ladder", "batch": batch, "partitions": partitions, "unit": "events/s"}
    print(json.dumps(rung | {"written": round(events / written, 1), "heard": round(events / heard, 1)}))


def facts_in(events: int, *, partitions: int) -> Iterator[EnrolmentEntered]:
    """Entries whose aggregates fall into the first so many partitions."""
    while events:
        enrolment = uuid4()
        if partition_of(str(enrolment)) < partitions:
            events -= 1
            yield entered(enrolment)
