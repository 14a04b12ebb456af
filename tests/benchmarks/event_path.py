"""`event-path`: from the bulk call in enrolment to counted in indicators, against one serial process."""

import asyncio
import time
from datetime import date, timedelta
from typing import Any

from tests.benchmarks import report, serial
from tests.benchmarks.living_stack import LivingStack, living_stack

EVENTS = 10_000
RUNS = 3
WANTED = 0.5
DEADLINE = 120.0
HOLDER, SIREN, SIRET = "holder-01", "000000018", "00000001800010"
_TODAY = date.today()  # noqa: DTZ011 - a day near enough for rules on dates


async def bench() -> None:
    """Print ours beside the limit."""
    limit = await serial.measure(events=EVENTS, runs=RUNS)
    async with living_stack(state="bench-event-path", port_base=18100) as stack:
        await _label(stack)
        ours = [await _run(stack, run=run) for run in range(RUNS)]
    report.show("event-path", ours, limit, unit="events/s", wanted=WANTED)


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


async def _label(stack: LivingStack) -> None:
    """One labelled training with one session, through the front doors."""
    office, holder = await stack.headers("label-office"), await stack.headers(HOLDER)
    labelling, enrolment = stack.url("labelling"), stack.url("enrolment")
    yesterday = (_TODAY - timedelta(days=1)).isoformat()
    window = {"opens_on": yesterday, "closes_on": (_TODAY + timedelta(days=1)).isoformat()}
    call = {"title": "Bench", "scheme": "gen", "opens_on": yesterday, "criteria_set": "gen-2016@1"}
    await _put(stack, f"{labelling}/v1/calls/bench", office, call | {"intakes": [{"reference": "one"} | window]})
    own = f"{labelling}/v1/holders/{SIREN}"
    await _put(stack, f"{labelling}/v1/organisations/{SIREN}", holder, {"name": "Bench", "legal_status": "association"})
    site = {"name": "Site", "code_insee": "75056", "open_from": "2015-01-01"}
    await _put(stack, f"{own}/sites/{SIRET}", holder, site)
    await _put(stack, f"{own}/applications/T-1", holder, _training())
    submission = {"intake": "one", "submitted_on": yesterday}
    await _put(stack, f"{own}/applications/T-1/submission", holder, submission)
    decision = {"holder": SIREN, "application": "T-1", "outcome": "granted", "committee": "bench", "reasons": []}
    await _put(stack, f"{labelling}/v1/decisions/D-1", office, decision | {"decided_on": yesterday})
    session = {"training": "T-1", "starts_on": yesterday, "planned_end_on": (_TODAY + timedelta(days=200)).isoformat()}
    await _put(stack, f"{enrolment}/v1/holders/{SIREN}/sessions/S-1", holder, session)


def _training() -> dict[str, Any]:
    return {
        "call": "bench",
        "siret": SIRET,
        "title": "Développement",
        "trade_family": "development",
        "skill_group": "programming",
        "certification": {"kind": "titre_professionnel", "register_entry": "RNCP34126", "level": 5},
        "months": 7,
        "hours_inperson": 900,
        "hours_online": 100,
        "approaches": ["practice", "project_based"],
        "support": ["cv"],
        "innovative": True,
        "free_of_charge": True,
        "followup_six_months": True,
        "insertion_objective_percent": 70,
        "audience_shares": {"women": 30, "low_qualified": 60, "neet": 50, "qpv": 20},
        "needs": [{"kind": "company", "siret": SIRET, "skill": "web", "posts": 3}],
    }


async def _put(stack: LivingStack, url: str, headers: dict[str, str], body: dict[str, Any]) -> None:
    answer = await stack.http.put(url, json=body, headers=headers)
    if not answer.is_success:
        raise RuntimeError(f"{url}: {answer.status_code} {answer.text}")
