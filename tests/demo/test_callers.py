"""How a caller calls: with its token, patiently, and stopping with a sentence when it is refused."""

import asyncio
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from deploy.demo.callers import Caller, Line, at_once
from deploy.demo.failures import Stopped

URLS = {"identity": "http://identity", "enrolment": "http://enrolment"}
Answer = Callable[[httpx.Request], httpx.Response]


class Partner:
    """Stands for the identity provider and a service; remembers what it was asked."""

    def __init__(self, *answers: httpx.Response, expires_in: int = 600) -> None:
        self.asked: list[httpx.Request] = []
        self.tokens = 0
        self._answers: Iterator[httpx.Response] = iter(answers)
        self._expires_in = expires_in

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Grant a token, or give the next answer."""
        if request.url.host == "identity":
            self.tokens += 1
            granted = {"access_token": f"token-{self.tokens}", "expires_in": self._expires_in}
            return httpx.Response(200, json=granted)
        self.asked.append(request)
        return next(self._answers)


def caller_of(partner: Partner) -> tuple[Caller, Line]:
    line = Line(httpx.AsyncClient(transport=httpx.MockTransport(partner)), URLS)
    return Caller("holder-01", secret="development-only-holder-01", line=line), line


def results(*statuses: str, **more: Any) -> httpx.Response:
    listed = [
        {"index": index, "reference": f"INS-{index}", "status": status, **more}
        for index, status in enumerate(statuses)
    ]
    return httpx.Response(207, json={"results": listed, "summary": {}})


async def test_one_token_serves_many_calls() -> None:
    partner = Partner(httpx.Response(200, json={"value": 1}), httpx.Response(200, json={"value": 2}))
    caller, _ = caller_of(partner)

    assert await caller.get("enrolment", "/v1/rosters", exit_month="2016-06") == {"value": 1}
    await caller.get("enrolment", "/v1/rosters")

    assert partner.tokens == 1
    assert f"{partner.asked[0].url}" == "http://enrolment/v1/rosters?exit_month=2016-06"
    assert partner.asked[0].headers["authorization"] == "Bearer token-1"


async def test_a_token_about_to_expire_is_renewed() -> None:
    partner = Partner(*(httpx.Response(200, json={}) for _ in range(2)), expires_in=30)
    caller, _ = caller_of(partner)

    await caller.get("enrolment", "/v1/freshness")
    await caller.get("enrolment", "/v1/freshness")

    assert [request.headers["authorization"] for request in partner.asked] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


@pytest.mark.parametrize("status", [503, 429])
async def test_a_service_that_asks_for_patience_is_asked_again(status: int) -> None:
    busy = httpx.Response(status, headers={"Retry-After": "0"}, json={"code": "not_heard_yet"})
    partner = Partner(busy, busy, httpx.Response(200, json={"value": 64}))
    caller, _ = caller_of(partner)

    assert await caller.get("enrolment", "/v1/freshness") == {"value": 64}


async def test_patience_ends() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "3600"}, json={"code": "busy"})
    caller, _ = caller_of(Partner(busy))

    with pytest.raises(Stopped, match=r"http://enrolment/v1/freshness was not ready .* 503 busy"):
        await caller.get("enrolment", "/v1/freshness")


async def test_figures_are_read_exactly() -> None:
    caller, _ = caller_of(Partner(httpx.Response(200, content=b'{"value": 40.7}')))

    assert (await caller.get("enrolment", "/v1/figure"))["value"] == Decimal("40.7")


async def test_what_does_not_exist_is_none_only_where_it_may_be_missing() -> None:
    missing = httpx.Response(404, json={"code": "not_found"})
    caller, _ = caller_of(Partner(missing, missing))

    assert await caller.find("enrolment", "/v1/lots/L-1") is None
    with pytest.raises(Stopped, match="404 not_found"):
        await caller.get("enrolment", "/v1/lots/L-1")


async def test_a_refused_item_stops_with_its_problem() -> None:
    errors = [{"pointer": "/session", "code": "unknown_session", "message": "Unknown session."}]
    caller, _ = caller_of(Partner(results("created", "rejected", errors=errors)))

    with pytest.raises(Stopped, match=r"refuses INS-1: /session unknown_session \(Unknown session\.\)"):
        await caller.post("enrolment", "/v1/enrolments", body={"items": []})


async def test_items_go_out_in_lots_of_a_thousand() -> None:
    partner = Partner(*(results("created") for _ in range(3)))
    caller, _ = caller_of(partner)

    await caller.declare("enrolment", "/v1/enrolments", items=[{"reference": f"{n}"} for n in range(2001)])

    sizes = [len(json.loads(request.content)["items"]) for request in partner.asked]
    assert sizes == [1000, 1000, 1]


async def test_the_furthest_position_of_each_partition_is_kept() -> None:
    answers = [
        httpx.Response(200, headers={"Tremplin-Position": text}, json={})
        for text in ("enrolment/07/1234, enrolment/03/88", "enrolment/07/1200")
    ]
    caller, line = caller_of(Partner(*answers))

    for _ in answers:
        await caller.put("enrolment", "/v1/sessions/S-1", body={})

    assert line.reached == {"enrolment": {"07": 1234, "03": 88}}


async def test_few_things_are_done_at_once_and_all_of_them_in_order() -> None:
    running, most = 0, 0

    async def act(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return item * 2

    assert await at_once(act, over=range(20)) == [item * 2 for item in range(20)]
    assert most == 4


async def test_the_first_failure_is_what_is_raised() -> None:
    async def act(item: int) -> None:
        raise Stopped(f"{item} was refused.")

    with pytest.raises(Stopped, match="0 was refused"):
        await at_once(act, over=range(8))
