"""`edge`: an authenticated constant route of the platform, against the bare framework's hello.

The same route without the outermost layer is stated between the two. One process serves, this one asks.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

from tests.benchmarks import report
from tests.benchmarks.constant import KINDS, PATH
from tests.support.embedded import free_port_base

RUNS = 3
SECONDS = 3.0
CONNECTIONS = 16
WANTED = 0.5


async def bench() -> None:
    """Answers per second."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(RUNS):
        for kind, found in rates.items():
            async with _server(kind) as (port, token):
                await _rate(port, token, seconds=SECONDS / 3)
                found.append(await _rate(port, token, seconds=SECONDS))
    for kind, found in rates.items():
        print(json.dumps({"bench": "edge", "kind": kind, "answers_per_second": round(median(found))}))
    alone, ours = rates["routes alone"], rates["platform"]
    report.show("edge/routes-alone", ours=alone, limit=rates["hello"], unit="answers/s", wanted=None)
    report.show("edge", ours=ours, limit=rates["hello"], unit="answers/s", wanted=WANTED)


@asynccontextmanager
async def _server(kind: str) -> AsyncIterator[tuple[int, str]]:
    port = free_port_base()
    process = subprocess.Popen(  # noqa: ASYNC220 - started before anything is measured
        [sys.executable, "-m", "tests.benchmarks.constant", kind, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield port, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


async def _rate(port: int, token: str, *, seconds: float) -> float:
    request = f"GET {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    until = time.perf_counter() + seconds
    answers = await asyncio.gather(*(_ask(port, request, until=until) for _ in range(CONNECTIONS)))
    return sum(answers) / seconds


async def _ask(port: int, request: bytes, *, until: float) -> int:
    """One connection, one call after the other; an answer that is not 200 ends the bench."""
    reader, writer = await _connected(port)
    count = 0
    while time.perf_counter() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head)
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        count += 1
    writer.close()
    return count


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(200):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
    raise TimeoutError
