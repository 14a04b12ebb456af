"""A labelled training with one session, declared through the front doors: where most stories begin."""

from datetime import date, timedelta
from typing import Any

import httpx

from tests.support.living_stack import LivingStack

HOLDER, SIREN, SIRET = "holder-01", "000000018", "00000001800010"


async def label_a_training(stack: LivingStack, *, on: date, session_end: date) -> None:
    """Organisation, site, application `T-1`, grant on a day, session `S-1` from that day to `session_end`."""
    office, holder = await stack.headers("label-office"), await stack.headers(HOLDER)
    labelling, day = stack.url("labelling"), on.isoformat()
    own = f"{labelling}/v1/holders/{SIREN}"
    intake = {"reference": "one", "opens_on": day, "closes_on": (on + timedelta(days=1)).isoformat()}
    call = {
        "title": "Call",
        "scheme": "gen",
        "opens_on": day,
        "criteria_set": "gen-2016@1",
        "intakes": [intake],
    }
    decision = {
        "holder": SIREN,
        "application": "T-1",
        "outcome": "granted",
        "committee": "one",
        "reasons": [],
    }
    organisation = {"name": "Organisation", "legal_status": "association"}
    site = {"name": "Site", "code_insee": "75056", "open_from": "2015-01-01"}
    await put(stack, f"{labelling}/v1/calls/call", headers=office, body=call)
    await put(stack, f"{labelling}/v1/organisations/{SIREN}", headers=holder, body=organisation)
    await put(stack, f"{own}/sites/{SIRET}", headers=holder, body=site)
    await put(stack, f"{own}/applications/T-1", headers=holder, body=_training())
    submission = {"intake": "one", "submitted_on": day}
    await put(stack, f"{own}/applications/T-1/submission", headers=holder, body=submission)
    await put(stack, f"{labelling}/v1/decisions/D-1", headers=office, body=decision | {"decided_on": day})
    session = {"training": "T-1", "starts_on": day, "planned_end_on": session_end.isoformat()}
    url = f"{stack.url('enrolment')}/v1/holders/{SIREN}/sessions/S-1"
    await put(stack, url, headers=holder, body=session)


async def put(
    stack: LivingStack, url: str, *, headers: dict[str, str], body: dict[str, Any]
) -> httpx.Response:
    """PUT that must succeed."""
    return _sound(await stack.http.put(url, json=body, headers=headers))


async def post(
    stack: LivingStack, url: str, *, headers: dict[str, str], body: dict[str, Any]
) -> httpx.Response:
    """POST that must succeed."""
    return _sound(await stack.http.post(url, json=body, headers=headers))


def _sound(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        message = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        raise RuntimeError(message)
    return answer


def _training() -> dict[str, Any]:
    return {
        "call": "call",
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
