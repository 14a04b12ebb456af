"""The main journey over four real processes and a real broker: from a pushed outcome to the figure it moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest

from tests.support.embedded import free_port_base
from tests.support.living_stack import LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training, post

AS_OF = "2017-03-02"
DEADLINE = 30.0


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[LivingStack]:
    async with living_stack(state="test-journey", port_base=free_port_base()) as running:
        yield running


async def heard(stack: LivingStack, url: str, *, params: dict[str, str]) -> dict[str, Any]:
    """The answer, once everything up to `at_least` has been heard there."""
    headers = await stack.headers("statistician" if "/exact/" in url else "france-travail")
    async with asyncio.timeout(DEADLINE):
        while True:
            answer = await stack.http.get(url, params=params, headers=headers)
            if answer.status_code != 503:
                assert answer.is_success, answer.text
                found: dict[str, Any] = answer.json()
                return found
            await asyncio.sleep(float(answer.headers["retry-after"]) / 20)


async def figure(stack: LivingStack, indicator: str, *, at_least: str) -> dict[str, Any]:
    """The figure, once everything up to these positions is counted in it."""
    params = {"as_of": AS_OF, "period": "2016", "purpose": "journey", "at_least": at_least}
    return await heard(stack, f"{stack.url('indicators')}/v1/exact/indicators/{indicator}", params=params)


def person(number: int) -> dict[str, Any]:
    return {
        "reference": f"E-{number}",
        "session": "S-1",
        "learner": {
            "reference": f"L-{number}",
            "birth_name": f"Nom{chr(97 + number)}",
            "first_names": "Prénom",
            "birth_date": "1990-05-17",
            "sex": "female",
        },
        "entered_on": "2016-02-03",
        "profile": {"situation_before": "jobseeker", "level": 4, "qpv": "unknown", "zrr_frr": "unknown"},
    }


def lot(reference: str, *items: dict[str, Any]) -> dict[str, Any]:
    head = {
        "reference": reference,
        "period": {"from": "2016-06-01", "to": "2016-06-30"},
        "population": "leavers",
        "complete_to": "2017-01-31",
        "produced_on": "2017-02-01",
    }
    return {"lot": head, "items": list(items)}


JOB = {"kind": "contract", "nature_dsn": "01", "starts_on": "2016-08-01", "collected_on": "2017-01-15"}
IDLE = {
    "kind": "situation",
    "situation": "job_search",
    "observed_on": "2016-12-03",
    "collected_on": "2017-01-15",
}


async def declare_leavers(stack: LivingStack, *, people: int) -> str:
    """A label, a session, its learners, their completion; gives the positions of the last call."""
    await label_a_training(stack, on=date(2016, 2, 3), session_end=date(2016, 6, 3))
    holder = await stack.headers(HOLDER)
    own = f"{stack.url('enrolment')}/v1/holders/{SIREN}"
    await post(stack, f"{own}/enrolments", headers=holder, body={"items": [person(n) for n in range(people)]})
    ends = [{"reference": f"E-{n}", "kind": "completed", "ended_on": "2016-06-03"} for n in range(people)]
    ended = await post(stack, f"{own}/ends", headers=holder, body={"items": ends})
    assert ended.json()["summary"] == {"accepted": people}
    return ended.headers["tremplin-position"]


async def roster_of(stack: LivingStack, *, month: str) -> list[str]:
    """Enrolment ids of a month's leavers, as the reporter reads them."""
    answer = await stack.http.get(
        f"{stack.url('enrolment')}/v1/rosters",
        params={"exit_month": month, "purpose": "search of employment"},
        headers=await stack.headers("france-travail"),
    )
    return [item["enrolment_id"] for item in answer.json()["items"]]


async def push(stack: LivingStack, reference: str, *items: dict[str, Any]) -> httpx.Response:
    """Push a lot as the reporter."""
    headers = await stack.headers("france-travail")
    return await post(
        stack, f"{stack.url('followup')}/v1/outcomes", headers=headers, body=lot(reference, *items)
    )


def parts(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["numerator"], found["denominator"], found["unknowns"]


async def test_an_outcome_pushed_in_bulk_reaches_the_figure_and_its_correction_too(
    stack: LivingStack,
) -> None:
    ended = await declare_leavers(stack, people=4)
    ids = await roster_of(stack, month="2016-06")
    assert len(ids) == 4
    await heard(stack, f"{stack.url('followup')}/v1/freshness", params={"at_least": ended})

    found_job = JOB | {"reference": "R-0", "enrolment": ids[0]}
    first = await push(stack, "LOT-1", found_job, IDLE | {"reference": "R-1", "enrolment": ids[1]})
    assert first.status_code == 207
    # A figure rests on what two services say: the reader asks for both.
    both = f"{ended}, {first.headers['tremplin-position']}"
    assert parts(await figure(stack, "insertion_6", at_least=both)) == (1, 2, 2)

    again = await push(stack, "LOT-1", found_job)
    assert again.json()["summary"] == {"duplicate": 1}

    correction = JOB | {"reference": "R-1", "enrolment": ids[1], "collected_on": "2017-01-20"}
    second = await push(stack, "LOT-2", correction)
    position = second.headers["tremplin-position"]
    assert parts(await figure(stack, "insertion_6", at_least=position)) == (2, 2, 2)

    third = await push(
        stack, "LOT-3", {"kind": "retraction", "reference": "R-0", "collected_on": "2017-01-25"}
    )
    position = third.headers["tremplin-position"]
    assert parts(await figure(stack, "insertion_6", at_least=position)) == (1, 1, 3)


async def test_nobody_reads_what_is_not_theirs(stack: LivingStack) -> None:
    stranger = await stack.headers("holder-02")
    answer = await stack.http.get(
        f"{stack.url('enrolment')}/v1/holders/{SIREN}/enrolments/E-0", headers=stranger
    )
    assert answer.status_code == 404
    office = await stack.headers("label-office")
    refused = await stack.http.get(
        f"{stack.url('enrolment')}/v1/rosters?exit_month=2016-06&purpose=look", headers=office
    )
    assert refused.status_code == 401
