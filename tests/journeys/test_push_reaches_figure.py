"""The main journey over four real processes and a real broker: from a pushed outcome to the figure it moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from tests.support.cluster import free_port
from tests.support.living_stack import LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training, post

AS_OF = "2017-03-02"
DEADLINE = 30.0


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[LivingStack]:
    async with living_stack(state="test-journey", port_base=free_port_range()) as running:
        yield running


def free_port_range() -> int:
    """A port with a few free neighbours, most probably."""
    return min(free_port(), 60_000)


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


async def test_an_outcome_pushed_in_bulk_reaches_the_figure_and_its_correction_too(
    stack: LivingStack,
) -> None:
    await label_a_training(stack, on=date(2016, 2, 3), session_end=date(2016, 6, 3))
    holder, reporter = await stack.headers(HOLDER), await stack.headers("france-travail")
    own = f"{stack.url('enrolment')}/v1/holders/{SIREN}"
    await post(
        stack, f"{own}/enrolments", headers=holder, body={"items": [person(number) for number in range(4)]}
    )
    ends = [
        {"reference": f"E-{number}", "kind": "completed", "ended_on": "2016-06-03"} for number in range(4)
    ]
    ended = await post(stack, f"{own}/ends", headers=holder, body={"items": ends})
    assert ended.json()["summary"] == {"accepted": 4}

    roster = await stack.http.get(
        f"{stack.url('enrolment')}/v1/rosters",
        params={"exit_month": "2016-06", "purpose": "search of employment"},
        headers=reporter,
    )
    ids = [item["enrolment_id"] for item in roster.json()["items"]]
    assert len(ids) == 4

    followup = stack.url("followup")
    await heard(stack, f"{followup}/v1/freshness", params={"at_least": ended.headers["tremplin-position"]})
    outcomes = f"{followup}/v1/outcomes"
    job = {"kind": "contract", "nature_dsn": "01", "starts_on": "2016-08-01", "collected_on": "2017-01-15"}
    idle = {
        "kind": "situation",
        "situation": "job_search",
        "observed_on": "2016-12-03",
        "collected_on": "2017-01-15",
    }
    first = await post(
        stack,
        outcomes,
        headers=reporter,
        body=lot(
            "LOT-1",
            job | {"reference": "R-0", "enrolment": ids[0]},
            idle | {"reference": "R-1", "enrolment": ids[1]},
        ),
    )
    assert first.status_code == 207
    # A figure rests on what two services say: the reader asks for both.
    both = f"{ended.headers['tremplin-position']}, {first.headers['tremplin-position']}"
    found = await figure(stack, "insertion_6", at_least=both)
    assert (found["numerator"], found["denominator"], found["unknowns"]) == (1, 2, 2)

    again = await post(
        stack, outcomes, headers=reporter, body=lot("LOT-1", job | {"reference": "R-0", "enrolment": ids[0]})
    )
    assert again.json()["summary"] == {"duplicate": 1}
    correction = job | {"reference": "R-1", "enrolment": ids[1], "collected_on": "2017-01-20"}
    second = await post(stack, outcomes, headers=reporter, body=lot("LOT-2", correction))
    found = await figure(stack, "insertion_6", at_least=second.headers["tremplin-position"])
    assert (found["numerator"], found["denominator"], found["unknowns"]) == (2, 2, 2)

    retraction = {"kind": "retraction", "reference": "R-0", "collected_on": "2017-01-25"}
    third = await post(stack, outcomes, headers=reporter, body=lot("LOT-3", retraction))
    found = await figure(stack, "insertion_6", at_least=third.headers["tremplin-position"])
    assert (found["numerator"], found["denominator"], found["unknowns"]) == (1, 1, 3)


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
