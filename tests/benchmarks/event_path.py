"""`event-path`: from the bulk call in enrolment to counted in indicators, against one serial process.

Then the lag: from the commit in enrolment to the commit in indicators, at half of the rate just measured.
"""

import asyncio
import json
import re
import statistics
import time
from datetime import date, timedelta
from typing import Any

from tests.benchmarks import processor_time, report, serial
from tests.support.living_stack import LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training

EVENTS = 10_000
RUNS = 3
WANTED = 0.5
DEADLINE = 120.0
CALL = 1000
LOOK_EVERY = 0.025
"""Seconds between two questions whether all is counted: each costs the listener a part of its time."""
CALLERS = 2
"""Calls at a time: with one, the service would stand still while the caller writes its next."""
PACED = 15.0
"""Seconds at half of the rate."""
PACED_CALL = 100
_BUCKET = re.compile(
    r'^tremplin_event_age_seconds_bucket\{le="([^"]+)",listener="indicators",source="enrolment"\} (\S+)$',
    re.MULTILINE,
)
_TODAY = date.today()  # noqa: DTZ011 - a day near enough for rules on dates


async def bench() -> None:
    """Print ours beside the limit."""
    limits = await serial.measure(events=EVENTS, runs=RUNS)
    async with living_stack(state="bench-event-path", port_base=18100) as stack:
        yesterday = _TODAY - timedelta(days=1)
        await label_a_training(stack, on=yesterday, session_end=_TODAY + timedelta(days=200))
        before = await processor_time.everything(stack)
        ours = [await _run(stack, run=run) for run in range(RUNS)]
        after = await processor_time.everything(stack)
        print(json.dumps(processor_time.line("ours", before, after=after, events=RUNS * EVENTS)))
        await _lag(stack, rate=statistics.median(ours) / 2)
    report.show("event-path/own-loop", ours=ours, limit=limits["own pull loop"], unit="events/s", wanted=None)
    report.show("event-path", ours=ours, limit=limits["the library's fetch"], unit="events/s", wanted=WANTED)


async def _run(stack: LivingStack, *, run: int) -> float:
    headers = await stack.headers(HOLDER)
    calls = iter(range(0, EVENTS, CALL))

    async def caller() -> str:
        positions = ""
        for first in calls:
            positions = await _declare(stack, range(first, first + CALL), run=run, headers=headers)
        return positions

    started = time.perf_counter()
    reached = await asyncio.gather(*(caller() for _ in range(CALLERS)))
    await _counted(stack, ", ".join(filter(None, reached)))
    return EVENTS / (time.perf_counter() - started)


async def _declare(stack: LivingStack, numbers: range, *, run: int, headers: dict[str, str]) -> str:
    """One bulk call; gives the positions it reached."""
    answer = await stack.http.post(
        f"{stack.url('enrolment')}/v1/holders/{SIREN}/enrolments",
        json={"items": [enrolment(run, number) for number in numbers]},
        headers=headers,
    )
    summary = answer.json()["summary"]
    if summary != {"created": len(numbers)}:
        raise RuntimeError(f"{answer.status_code} {summary}")
    return answer.headers["tremplin-position"]


async def _lag(stack: LivingStack, *, rate: float) -> None:
    """Small calls at an even pace, and what the listener's own histogram says of them."""
    headers = await stack.headers(HOLDER)
    before, started = await _ages(stack), time.perf_counter()
    positions, calls = "", int(rate * PACED / PACED_CALL)
    for call in range(calls):
        await asyncio.sleep(max(0.0, started + call * PACED_CALL / rate - time.perf_counter()))
        numbers = range(call * PACED_CALL, (call + 1) * PACED_CALL)
        positions = await _declare(stack, numbers, run=RUNS, headers=headers)
    seconds = time.perf_counter() - started
    await _counted(stack, positions)
    after = await _ages(stack)
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in after}
    within = min(bound for bound, count in counts.items() if count >= 0.99 * counts[float("inf")])
    print(f"lag at {calls * PACED_CALL / seconds:,.0f} events/s: 99 % within {within} s")
    line = {"bench": "event-path", "lag_p99_within": within, "at": round(calls * PACED_CALL / seconds, 1)}
    print(json.dumps(line | {"events": int(counts[float("inf")]), "unit": "s", "limit": 1.0}))


async def _ages(stack: LivingStack) -> dict[float, float]:
    """Events by upper bound of their age when indicators had committed them."""
    text = (await stack.http.get(f"{stack.url('indicators')}/metrics")).text
    return {float(bound): float(count) for bound, count in _BUCKET.findall(text)}


async def _counted(stack: LivingStack, positions: str) -> None:
    """Wait until indicators has heard the last call."""
    headers = await stack.headers("statistician")
    async with asyncio.timeout(DEADLINE):
        while True:
            answer = await stack.http.get(
                f"{stack.url('indicators')}/v1/exact/indicators/in_training",
                params={"as_of": _TODAY.isoformat(), "purpose": "bench event-path", "at_least": positions},
                headers=headers,
            )
            if answer.is_success:
                return
            if answer.status_code != 503:
                raise RuntimeError(answer.text)
            await asyncio.sleep(LOOK_EVERY)


def enrolment(run: int, number: int) -> dict[str, Any]:
    """A learner who entered yesterday."""
    return {
        "reference": f"E-{run}-{number}",
        "session": "S-1",
        "learner": {
            "reference": f"L-{run}-{number}",
            "birth_name": "Zyxw",
            "first_names": "Abcd",
            "birth_date": f"{1980 + number % 20}-0{1 + number % 9}-1{number % 10}",
            "sex": "female" if number % 2 else "male",
        },
        "entered_on": (_TODAY - timedelta(days=1)).isoformat(),
        "profile": {
            "level": 1 + number % 8,
            "situation_before": "jobseeker",
            "qpv": "yes" if number % 5 else "unknown",
            "zrr_frr": "unknown",
        },
    }
