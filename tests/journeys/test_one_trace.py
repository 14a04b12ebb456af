"""One call is one trace: from HTTP through the log and the broker to the effect at the listener."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from tests.support.embedded import free_port_base
from tests.support.living_stack import SERVICES, LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training

TRACE = "5f3a" * 8
PARENT = f"00-{TRACE}-{'7b' * 8}-01"
UNDECIDED = f"00-{'6e' * 16}-{'7b' * 8}-00"
DEADLINE = 20.0


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[LivingStack]:
    port = free_port_base()
    async with living_stack(state="test-traces", port_base=port, traces=True) as running:
        yield running


def spans(stack: LivingStack, trace: str) -> list[dict[str, Any]]:
    """What every service has written of a trace, with the service's name."""
    found = []
    for service in SERVICES:
        for line in (stack.folder / "logs" / f"{service}.traces").read_text().splitlines():
            span = json.loads(line)
            if span["context"]["trace_id"] == f"0x{trace}":
                found.append(span | {"service": service})
    return found


async def enter(stack: LivingStack, reference: str, *, traceparent: str) -> None:
    answer = await stack.http.put(
        f"{stack.url('enrolment')}/v1/holders/{SIREN}/enrolments/{reference}",
        headers=await stack.headers(HOLDER) | {"traceparent": traceparent},
        json={
            "session": "S-1",
            "learner": {
                "reference": f"L-{reference}",
                "birth_name": "Quidamme",
                "first_names": "Horizelle",
                "birth_date": "1990-05-17",
                "sex": "female",
            },
            "entered_on": "2016-02-03",
        },
    )
    assert answer.is_success, answer.text


async def test_a_call_is_followed_from_http_to_its_effects(stack: LivingStack) -> None:
    await label_a_training(stack, on=date(2016, 2, 3), session_end=date(2016, 6, 3))
    await enter(stack, "E-1", traceparent=PARENT)
    wanted = {
        ("enrolment", "PUT /v1/holders/{siren}/enrolments/{reference}"),
        ("enrolment", "log events"),
        ("enrolment", "publish enrolment"),
        ("followup", "process enrolment"),
        ("indicators", "process enrolment"),
    }
    async with asyncio.timeout(DEADLINE):
        while not wanted <= {(span["service"], span["name"]) for span in spans(stack, TRACE)}:
            await asyncio.sleep(0.2)
    by_name = {(span["service"], span["name"]): span for span in spans(stack, TRACE)}
    request = by_name["enrolment", "PUT /v1/holders/{siren}/enrolments/{reference}"]
    appended = by_name["enrolment", "log events"]
    assert request["parent_id"] == f"0x{'7b' * 8}"
    assert request["attributes"]["http.response.status_code"] == 200
    assert appended["parent_id"] == request["context"]["span_id"]
    for place in (
        ("enrolment", "publish enrolment"),
        *(("followup", "process enrolment"),),
        ("indicators", "process enrolment"),
    ):
        assert by_name[place]["parent_id"] == appended["context"]["span_id"]
        assert by_name[place]["attributes"]["messaging.batch.message_count"] >= 1


async def test_a_call_that_its_caller_does_not_follow_makes_no_span(stack: LivingStack) -> None:
    await enter(stack, "E-2", traceparent=UNDECIDED)
    await enter(stack, "E-3", traceparent=PARENT.replace(TRACE, "4d" * 16))
    async with asyncio.timeout(DEADLINE):
        while "process enrolment" not in {span["name"] for span in spans(stack, "4d" * 16)}:
            await asyncio.sleep(0.2)
    assert spans(stack, "6e" * 16) == []
