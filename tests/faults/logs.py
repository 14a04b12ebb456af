"""The logs and the parked events as they are in the database, read whole, and folded without the product's code."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from shared.platform.topology import HEARS, SPEAKERS
from tests.faults.findings import Findings
from tests.faults.watch import Place

ID_BITS = (1 << 60) - 1
"""The part of an id that the listeners sum."""
MOST_NAMED = 20
"""Holes and doubles that are spelt out per partition."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One row of a log."""

    seq: int
    event_id: Any
    type: str
    aggregate: str
    version: int
    data: str

    def content(self) -> dict[str, Any]:
        """The data, read."""
        found: dict[str, Any] = json.loads(self.data)
        return found


@dataclass(frozen=True)
class Logs:
    """Every log, every counter, everything parked."""

    rows: Mapping[Place, Sequence[Logged]]
    counters: Mapping[Place, int]
    parked: Mapping[str, frozenset[tuple[str, int, int]]]
    """Per listener: source, partition and number."""

    def of(self, service: str) -> Iterator[tuple[Place, Logged]]:
        """The rows of one speaker, in the order of each partition."""
        for place, rows in self.rows.items():
            if place[0] == service:
                for row in rows:
                    yield place, row

    def newest(self, service: str, *, listener: str | None = None) -> dict[str, Logged]:
        """The newest version of each aggregate, without what a listener parked."""
        parked = self.parked.get(listener or "", frozenset())
        latest: dict[str, Logged] = {}
        for (_, partition), row in self.of(service):
            if (service, partition, row.seq) in parked:
                continue
            held = latest.get(row.aggregate)
            if held is None or held.version < row.version:
                latest[row.aggregate] = row
        return latest

    def digests(self) -> dict[Place, tuple[int, int]]:
        """Per partition the count and a sum of the ids' last bits, which does not depend on their order."""
        return {
            place: (len(rows), sum(row.event_id.int & ID_BITS for row in rows))
            for place, rows in self.rows.items()
        }


async def read_logs(connection: asyncpg.Connection) -> Logs:
    """Read everything. A test's log fits in memory."""
    rows: dict[Place, list[Logged]] = defaultdict(list)
    counters: dict[Place, int] = {}
    for service in SPEAKERS:
        for found in await connection.fetch(
            "SELECT partition, seq, event_id, type, aggregate_id, aggregate_version, data::text AS data"  # noqa: S608 - our own name
            f" FROM {service}.event_log ORDER BY partition, seq"
        ):
            partition, *rest = found.values()
            rows[service, partition].append(Logged(*rest))
        for found in await connection.fetch(f"SELECT partition, last_seq FROM {service}.event_counter"):  # noqa: S608
            counters[service, found["partition"]] = found["last_seq"]
    parked = {}
    for listener in HEARS:
        found = await connection.fetch(f"SELECT source, partition, seq FROM {listener}.parked_event")  # noqa: S608
        parked[listener] = frozenset((row["source"], row["partition"], row["seq"]) for row in found)
    return Logs(dict(rows), counters, parked)


def check_logs(logs: Logs, findings: Findings) -> None:
    """Gapless from 1 to the counter in each partition, every id once, every version of an aggregate once."""
    ids: Counter[Any] = Counter()
    versions: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for place, counter in logs.counters.items():
        numbers = [row.seq for row in logs.rows.get(place, ())]
        holes = sorted(set(range(1, counter + 1)) - set(numbers))
        findings.lost += [
            f"{place[0]}/{place[1]:02d}/{hole} is a hole in the log" for hole in holes[:MOST_NAMED]
        ]
        beyond = [number for number in numbers if number > counter or number < 1]
        findings.wrong += [
            f"{place[0]}/{place[1]:02d}/{number} is beyond the counter {counter}" for number in beyond
        ]
        for row in logs.rows.get(place, ()):
            ids[row.event_id] += 1
            versions[place[0], row.aggregate][row.version] += 1
    findings.doubled += [
        f"event {event} is logged {times} times" for event, times in ids.items() if times > 1
    ]
    for (service, aggregate), seen in versions.items():
        findings.doubled += [
            f"version {version} of {service} {aggregate} was said {times} times"
            for version, times in seen.items()
            if times > 1
        ]
        missing = set(range(1, max(seen) + 1)) - set(seen)
        findings.lost += [f"version {version} of {service} {aggregate} was never said" for version in missing]
