"""Where the processor's time goes: seconds spent by the servers that a bench started, by kind."""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.living_stack import SERVICES, LivingStack

_TICKS = os.sysconf("SC_CLK_TCK")
_SERVERS = {"nats-server": "NATS", "postgres": "Postgres"}

Spent = dict[str, float]
"""Seconds by kind."""
_SPENT = re.compile(r"^process_cpu_seconds_total (\S+)$", re.MULTILINE)


def servers() -> Spent:
    """Seconds of user and system time of the brokers and databases below this process, and of this process."""
    spent = {"caller": time.process_time(), **dict.fromkeys(_SERVERS.values(), 0.0)}
    children: dict[int, list[int]] = {}
    found: dict[int, tuple[str, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name may hold spaces and brackets; what follows the last bracket does not.
            head, _, tail = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue  # it has just ended
        fields, pid = tail.split(), int(folder.name)
        children.setdefault(int(fields[1]), []).append(pid)
        # With the time of its children that have ended: a database has one for each connection.
        found[pid] = head.partition("(")[2], sum(map(int, fields[11:15])) / _TICKS
    below = [os.getpid()]
    while below:
        pid = below.pop()
        below += children.get(pid, [])
        name, seconds = found.get(pid, ("", 0.0))
        if name in _SERVERS:
            spent[_SERVERS[name]] += seconds
    return spent


async def everything(stack: LivingStack) -> Spent:
    """The same with each service of a stack, as it counts its own time."""
    spent = servers()
    for service in SERVICES:
        text = (await stack.http.get(f"{stack.url(service)}/metrics")).text
        spent[service] = float(_SPENT.findall(text)[0])
    return spent


def line(
    what: str, before: Mapping[str, float], *, after: Mapping[str, float], events: int
) -> dict[str, float | str]:
    """Microseconds of processor time per event between two looks, by kind and in all."""
    each = {kind: round((after[kind] - before[kind]) / events * 1e6, 1) for kind in after}
    total = round(sum(each.values()), 1)
    return {"bench": "event-path", "processor": what, "unit": "us/event", "all": total, **each}
