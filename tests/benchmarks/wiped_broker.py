"""`wiped-broker`: a listener that has heard nothing, a broker that has forgotten everything, and a log of a million.

The limit is a bare copy of the log: pages of 500 read by one connection and written back by another, no broker.
`EVENTS=` sets the size of the log.
"""

import asyncio
import os
import time
from contextlib import suppress

from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Intake
from tests.benchmarks import report
from tests.benchmarks.stage import LISTENER, SPEAKER, Stage, stage

EVENTS = int(os.environ.get("EVENTS", "1000000"))
PAGE = 500
DEADLINE = 1200.0
_COLUMNS = (
    "partition, seq, day, event_id, previous_id, type, aggregate_id, aggregate_version, data,"
    " traceparent, recorded_at"
)


async def bench() -> None:
    """Print the repair beside the copy."""
    async with stage() as stand:
        await stand.fill(EVENTS)
        copied = await _copy(stand)
        repaired = await _repair(stand)
    print(f"{EVENTS:,} events: repaired in {repaired:.1f} s, copied in {copied:.1f} s")
    report.show(
        "wiped-broker", ours=[EVENTS / repaired], limit=[EVENTS / copied], unit="events/s", wanted=None
    )


async def _copy(stand: Stage) -> float:
    reader, writer = await stand.look(), await stand.look()
    await writer.execute("CREATE TABLE public.copy (LIKE enrolment.event_log INCLUDING ALL)")
    page = await reader.prepare(
        f"SELECT {_COLUMNS} FROM enrolment.event_log"  # noqa: S608 - our own names
        " WHERE partition = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    )
    started = time.perf_counter()
    for partition in range(16):
        after = 0
        while rows := await page.fetch(partition, after, PAGE):
            await writer.copy_records_to_table("copy", schema_name="public", records=rows)
            after = rows[-1]["seq"]
    seconds = time.perf_counter() - started
    await reader.close()
    await writer.close()
    return seconds


async def _repair(stand: Stage) -> float:
    """The cursors say that all was published; the streams are new and empty."""
    connection = await stand.look()
    await connection.execute(
        "UPDATE enrolment.relay_cursor r SET published_through = c.last_seq"
        " FROM enrolment.event_counter c WHERE c.partition = r.partition"
    )
    await connection.close()
    speaker, ears = stand.server.broker(SPEAKER), stand.server.broker(LISTENER)
    await speaker.connect()
    await ears.connect()
    watermarks = Watermarks()
    await ears.on_watermark(SPEAKER, lambda watermark: watermarks.hear(SPEAKER, watermark))
    started = time.perf_counter()
    works = [
        asyncio.create_task(work)
        for work in (stand.relay(speaker).run(), Intake(stand.ears(ears, watermarks)).run())
    ]
    async with asyncio.timeout(DEADLINE):
        while await stand.landed() < EVENTS:
            await asyncio.sleep(0.2)
    seconds = time.perf_counter() - started
    for work in works:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    await speaker.close()
    await ears.close()
    return seconds
