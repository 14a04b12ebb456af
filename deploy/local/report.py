"""The verb `status`: which process runs where, whether it is ready, and what the stack has said and heard."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.local.asking import fetch_freshness, fetch_token
from deploy.local.place import HOST, SERVICES, Place
from deploy.local.probes import probe_of
from deploy.local.processes import started_at
from deploy.local.state import read_content, read_json

_MEBI = 1024 * 1024
_ASKING_CLIENT = "service-indicators"


async def print_report(place: Place) -> None:
    """Print the table and the figures."""
    console = Console(highlight=False, soft_wrap=True)
    record = read_json(place.directory / "processes.json") or {}
    processes: dict[str, list[int]] = record.get("processes", {})
    ready = await asyncio.gather(*(probe_of(place, name)() for name in processes))
    table = Table("process", "pid", "address", "ready", "up", "memory", box=None, pad_edge=False)
    for (name, (pid, start)), is_ready in zip(processes.items(), ready, strict=True):
        alive = started_at(pid) == start
        state = "yes" if is_ready and alive else "no"
        table.add_row(name, str(pid), _address(place, name=name), state, _uptime(start), _memory(pid))
    console.print(table)
    content = read_content(place)
    fixture = content.fixture if content and content.fixture else "none"
    console.print(f"\nstate {place.state}, fixture {fixture}, {_size(place.directory)} MiB on disk")
    for line in await asyncio.to_thread(lambda: list(_figures(place))):
        console.print(line)


def _figures(place: Place) -> Iterator[str]:
    """One line per service: events said, and for each service it hears the events still to come."""
    try:
        token = fetch_token(place, client=_ASKING_CLIENT)
    except OSError:
        return
    for service in SERVICES:
        try:
            found = fetch_freshness(place, service=service, token=token)
        except (OSError, ValueError):
            continue
        heard = (f"{source} {_behind(seen)} behind" for source, seen in found.get("heard", {}).items())
        yield f"{service:<12} {sum(found.get('log', {}).values())} events said" + "".join(
            f", {text}" for text in heard
        )


def _behind(seen: dict[str, Any]) -> int:
    positions, watermark = seen.get("positions") or {}, seen.get("watermark") or {}
    return sum(max(0, last - positions.get(partition, 0)) for partition, last in watermark.items())


def _address(place: Place, *, name: str) -> str:
    if name not in place.ports:
        return ""
    return place.urls.get(name) or f"{HOST}:{place.ports[name]}"


def _uptime(start: int | None) -> str:
    if start is None:
        return ""
    booted = time.clock_gettime(time.CLOCK_BOOTTIME)
    return f"{max(0, booted - start / os.sysconf('SC_CLK_TCK')):.0f} s"


def _memory(pid: int) -> str:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return ""
    return f"{pages * os.sysconf('SC_PAGE_SIZE') // _MEBI} MiB"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // _MEBI
