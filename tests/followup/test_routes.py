"""Pushing and reading over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.followup.lines import contract, enrolment
from tests.support.under_test import ServiceUnderTest

Push = Callable[..., Awaitable[list[dict[str, Any]]]]


async def test_a_job_settles_both_waves(followup: ServiceUnderTest, push: Push) -> None:
    await followup.hear(enrolment())

    results = await push(contract())

    assert results == [
        {
            "index": 0,
            "reference": "FT-1",
            "status": "accepted",
            "waves": [
                {"wave": 3, "counted": True, "why": "counted"},
                {"wave": 6, "counted": True, "why": "counted"},
            ],
        }
    ]
    assert [fact.TYPE for fact in await followup.said()] == ["followup.outcome.settled.v1"]
