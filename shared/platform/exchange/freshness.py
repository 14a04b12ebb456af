"""How far a service has heard the others: positions, watermarks, and reading only once something was heard."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.watermark import Watermark, named
from shared.kernel.errors import Rule, Unavailable, Unreadable
from shared.platform import event_log
from shared.platform.event_log import Position
from shared.platform.exchange import state as exchange_state
from shared.platform.exchange.state import RelayState, SourceState
from shared.platform.topology import HEARS, PARTITIONS, SPEAKERS

NOT_HEARD_YET = Rule(
    "not_heard_yet",
    fr="Le service n'a pas encore entendu cette position, réessayez.",
    en="The service has not heard that position yet, retry.",
)
UNKNOWN_POSITION = Rule(
    "unknown_position",
    fr="Position d'un service qui n'est pas écouté ici.",
    en="Position of a service that is not heard here.",
)


@dataclass
class Watermarks:
    """The last numbers each speaker announced, and when they were heard."""

    heard: dict[str, Watermark] = field(default_factory=dict)
    heard_at: dict[str, float] = field(default_factory=dict)

    def hear(self, speaker: str, watermark: Watermark) -> None:
        """Keep an announcement."""
        self.heard[speaker] = watermark
        self.heard_at[speaker] = time.monotonic()

    def of(self, speaker: str) -> Watermark | None:
        """The last announcement; None before the first."""
        return self.heard.get(speaker)

    def age_of(self, speaker: str) -> float | None:
        """Seconds since the last announcement; None before the first."""
        heard = self.heard_at.get(speaker)
        return None if heard is None else time.monotonic() - heard


def parse_positions(wanted: str) -> list[Position]:
    """Positions written `enrolment/07/1234, followup/03/88`. Raises Unreadable on a service nobody is."""
    positions = []
    for part in wanted.split(","):
        service, partition, seq = part.strip().split("/")
        if service not in SPEAKERS or int(partition) >= PARTITIONS:
            raise unknown_position()
        positions.append(Position(service, int(partition), int(seq)))
    return positions


async def positions_heard(connection: AsyncConnection, *, service: str) -> dict[str, dict[int, int]]:
    """Last number applied, by source and partition."""
    rows = await connection.execute(
        text(f"SELECT source, partition, last_seq FROM {service}.intake_position ORDER BY 1, 2")  # noqa: S608
    )
    heard: dict[str, dict[int, int]] = {speaker: {} for speaker in HEARS[service]}
    for row in rows:
        heard.setdefault(row.source, {})[row.partition] = row.last_seq
    return heard


async def require_heard(connection: AsyncConnection, wanted: str, *, service: str) -> None:
    """Pass once every wanted position was applied here. Raises Unavailable(not_heard_yet) until then.

    Positions of this service's own log must have been reached by it. Raises Unreadable on a service
    that is not heard here.
    """
    positions = parse_positions(wanted)
    heard = await positions_heard(connection, service=service)
    if any(position.service == service for position in positions):
        heard[service] = (await event_log.watermark(connection, service=service)).heads
    _demand(positions, heard)


def unknown_position() -> Unreadable:
    """A position that can never be heard here: retrying would not help."""
    return Unreadable(UNKNOWN_POSITION, pointer="at_least")


def _demand(wanted: Iterable[Position], heard: dict[str, dict[int, int]]) -> None:
    for position in wanted:
        if position.service not in heard:
            raise unknown_position()
        if heard[position.service].get(position.partition, 0) < position.seq:
            raise Unavailable(NOT_HEARD_YET, pointer="at_least")


async def freshness(connection: AsyncConnection, watermarks: Watermarks, *, service: str) -> dict[str, Any]:
    """The answer of `/v1/freshness`: this log's last numbers and its relay, and how each source was heard."""
    heard = await positions_heard(connection, service=service)
    kept: dict[str, dict[int, int]] = {}
    for at in await exchange_state.partitions_of(connection, service):
        if at.announced is not None:
            kept.setdefault(at.source, {})[at.partition] = at.announced
    states = {state.source: state for state in await exchange_state.sources_of(connection, service)}
    return {
        "service": service,
        "log": named((await event_log.watermark(connection, service=service)).heads),
        "relay": _relay(await exchange_state.relay_of(connection, service)),
        "heard": {
            speaker: {
                "positions": named(positions),
                # A process that does not listen knows what the one that does has kept.
                "watermark": named(
                    announced.heads if (announced := watermarks.of(speaker)) else kept.get(speaker, {})
                ),
            }
            | (_source(states[speaker], age=watermarks.age_of(speaker)) if speaker in states else {})
            for speaker, positions in heard.items()
        },
    }


def _relay(state: RelayState) -> dict[str, Any]:
    return {
        "state": state.relaying.state,
        "unpublished": state.relaying.unpublished,
        "oldest_seconds": round(state.relaying.oldest or 0.0, 1),
    }


def _source(state: SourceState, *, age: float | None) -> dict[str, Any]:
    return {
        "age_seconds": state.listening.heard if age is None else age,
        "state": state.listening.state,
        "behind": state.listening.behind,
        "oldest_seconds": round(state.oldest, 1),
        "parked": state.parked,
    }
