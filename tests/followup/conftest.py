"""Callers of followup, and a way to push."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.followup.lines import EVERYTHING, HOLDER, REPORTER, lot
from tests.support.under_test import ServiceUnderTest

Results = list[dict[str, Any]]


@pytest.fixture
def reporter(followup: ServiceUnderTest) -> httpx.AsyncClient:
    return followup.client(EVERYTHING, reporter=REPORTER)


@pytest.fixture
def holder(followup: ServiceUnderTest) -> httpx.AsyncClient:
    return followup.client(EVERYTHING, org=HOLDER)


@pytest.fixture
def push(reporter: httpx.AsyncClient) -> Callable[..., Awaitable[Results]]:
    """Push lines, as the reporter unless said otherwise; gives the results."""

    async def pushed(*items: Any, by: httpx.AsyncClient | None = None, **head: Any) -> Results:
        answer = await (by or reporter).post("/v1/outcomes", json=lot(*items, **head))
        assert answer.status_code == 207, answer.text
        results: Results = answer.json()["results"]
        return results

    return pushed
