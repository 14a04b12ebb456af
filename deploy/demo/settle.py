"""Waiting until what was said has been heard, by asking who has heard how much; nothing sleeps and hopes."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from deploy.demo.callers import Caller, Positions, at_once
from deploy.demo.failures import Stopped

SERVICES: Final = ("labelling", "enrolment", "followup", "indicators")
SPEAKERS: Final = SERVICES[:-1]

_POLL: Final = 0.05
_DEADLINE: Final = 60.0

Freshness = Mapping[str, Mapping[str, Any]]
"""What each service says of its log and of what it has heard."""
Behind = Callable[[Freshness], list[str]]


async def until_reached(watcher: Caller, *, listener: str, positions: Positions) -> None:
    """Until one service has heard what these positions name. Raises Stopped after a minute."""

    def behind(freshness: Freshness) -> list[str]:
        heard = freshness[listener]["heard"]
        return [
            lag
            for speaker, wanted in positions.items()
            for lag in _lags(listener, speaker=speaker, wanted=wanted, heard=heard)
        ]

    await _until(watcher, services=(listener,), behind=behind)


async def until_quiet(watcher: Caller) -> Positions:
    """Until every service has heard all that the others ever said; how far each log goes then.

    One look is enough while nobody writes: whoever has heard everything has nothing left to say about it.
    Raises Stopped after a minute.
    """
    freshness = await _until(watcher, services=SERVICES, behind=unheard)
    return {speaker: dict(freshness[speaker]["log"]) for speaker in SPEAKERS}


def unheard(freshness: Freshness) -> list[str]:
    """Who has not heard what of the logs as they stand."""
    return [
        lag
        for listener, state in freshness.items()
        for speaker in state["heard"]
        for lag in _lags(listener, speaker=speaker, wanted=freshness[speaker]["log"], heard=state["heard"])
    ]


def at_least(positions: Positions) -> str:
    """Positions as a reading asks for them."""
    return ", ".join(
        f"{service}/{partition}/{number}"
        for service, reached in sorted(positions.items())
        for partition, number in sorted(reached.items())
        if number
    )


def _lags(
    listener: str, *, speaker: str, wanted: Mapping[str, int], heard: Mapping[str, Any]
) -> Iterator[str]:
    positions = heard.get(speaker, {}).get("positions", {})
    for partition, number in sorted(wanted.items()):
        if positions.get(partition, 0) < number:
            yield (
                f"{listener} has heard {speaker}/{partition} up to {positions.get(partition, 0)} of {number}"
            )


async def _until(watcher: Caller, *, services: tuple[str, ...], behind: Behind) -> Freshness:
    async def ask(service: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await watcher.get(service, "/v1/freshness")
        return found

    deadline = time.monotonic() + _DEADLINE
    while True:
        freshness = dict(zip(services, await at_once(ask, over=services), strict=True))
        lags = behind(freshness)
        if not lags:
            return freshness
        if time.monotonic() > deadline:
            raise Stopped(f"After {_DEADLINE:.0f} s: {'; '.join(lags)}.")
        await asyncio.sleep(_POLL)
