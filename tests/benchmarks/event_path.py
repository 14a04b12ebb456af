"""`event-path`: from the bulk call in enrolment to counted in indicators, against one serial process."""

import asyncio
import time
from datetime import date, timedelta
from typing import Any

from tests.benchmarks import report, serial
from tests.support.living_stack import LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training

EVENTS = 10_000
RUNS = 3
WANTED = 0.5
DEADLINE = 120.0
_TODAY = date.today()  # noqa: DTZ011 - a day near enough for rules on dates


async def bench() -> None:
    """Print ours beside the limit."""
    limit = await serial.measure(events=EVENTS, runs=RUNS)
    async with living_stack(state="bench-event-path", port_base=18100) as stack:
        yesterday = _TODAY - timedelta(days=1)
        await label_a_training(stack, on=yesterday, session_end=_TODAY + timedelta(days=200))
        ours = [await _run(stack, run=run) for run in range(RUNS)]
    report.show("event-path", ours=ours, limit=limit, unit="events/s", wanted=WANTED)


async def _run(stack: LivingStack, *, run: int) -> float:
    headers = await stack.headers(HOLDER)
    started = time.perf_counter()
    positions = ""
    for first in range(0, EVENTS, 1000):
        answer = await stack.http.post(
            f"{stack.url('enrolment')}/v1/holders/{SIREN}/enrolments",
            json={"items": [_enrolment(run, first + number) for number in range(1000)]},
            headers=headers,
        )
        summary = answer.json()["summary"]
        if summary != {"created": 1000}:
            raise RuntimeError(f"{answer.status_code} {summary}")
        positions = answer.headers["tremplin-position"]
    await _counted(stack, positions)
    return EVENTS / (time.perf_counter() - started)


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
            await asyncio.sleep(0.01)


def _enrolment(run: int, number: int) -> dict[str, Any]:
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
