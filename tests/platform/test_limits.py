"""Quotas: what is left is said, what is over is refused, and one client's haste is not another's."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from shared.platform.edge import middleware, routing
from shared.platform.edge.deadlines import Deadlines
from shared.platform.edge.limits import Limits
from shared.platform.edge.problems import ProblemError
from tests.platform.toy import is_problem
from tests.support.tokens import token

QUOTA = 3


@pytest.fixture
def clock() -> list[float]:
    """The seconds as the quotas see them, at the beginning of a window."""
    return [60_000.0]


@pytest.fixture
def limits(clock: list[float]) -> Limits:
    return Limits({"read": QUOTA, "write": QUOTA, "bulk": QUOTA}, failures=QUOTA, now=lambda: clock[0])


def left(fields: dict[str, str]) -> str:
    return fields["RateLimit"].split(";")[1]


def test_what_is_left_counts_down_and_comes_back(limits: Limits, clock: list[float]) -> None:
    clock[0] += 20
    taken = [limits.take("a", "read") for _ in range(QUOTA)]
    assert {fields["RateLimit-Policy"] for fields in taken} == {'"read";q=3;w=60'}
    assert [left(fields) for fields in taken] == ["r=2", "r=1", "r=0"]
    with pytest.raises(ProblemError) as refused:
        limits.take("a", "read")
    assert refused.value.status == 429
    assert refused.value.headers == {
        "RateLimit-Policy": '"read";q=3;w=60',
        "RateLimit": '"read";r=0;t=40',
        "Retry-After": "40",
    }
    clock[0] += 120
    assert left(limits.take("a", "read")) == "r=2"


def test_the_minute_slides(limits: Limits, clock: list[float]) -> None:
    clock[0] += 59
    for _ in range(QUOTA):
        limits.take("a", "read")
    clock[0] += 1
    with pytest.raises(ProblemError):
        limits.take("a", "read")
    clock[0] += 25
    assert left(limits.take("a", "read")) == "r=0", "a third of the former minute is over"


def test_who_is_refused_does_not_count_on(limits: Limits, clock: list[float]) -> None:
    for _ in range(10 * QUOTA):
        with suppress(ProblemError):
            limits.take("a", "read")
    clock[0] += 90
    assert left(limits.take("a", "read")) == "r=0"


def test_clients_and_families_count_apart(limits: Limits) -> None:
    for client, family in (("a", "read"), ("b", "read"), ("a", "write"), ("a", "bulk")):
        for _ in range(QUOTA):
            limits.take(client, family)  # type: ignore[arg-type]  # one of the three families


def test_two_processes_count_apart(clock: list[float]) -> None:
    for _ in range(2):
        replica = Limits({"read": QUOTA}, failures=1, now=lambda: clock[0])
        for _ in range(QUOTA):
            replica.take("a", "read")
        with pytest.raises(ProblemError):
            replica.take("a", "read")


def test_callers_of_former_minutes_are_forgotten(limits: Limits, clock: list[float]) -> None:
    for number in range(1000):
        limits.take(f"client-{number}", "read")
    clock[0] += 120
    limits.take("a", "read")
    assert len(limits._counts) + len(limits._before) == 1


async def test_every_answer_says_what_is_left_and_too_many_calls_are_a_problem(
    toy: httpx.AsyncClient, tight: Limits
) -> None:
    del tight
    left = []
    for number, body in enumerate([{"reference": "a"}, {"reference": "a"}, {"nonsense": 1}]):
        answer = await toy.put(f"/v1/toys/{number}", json=body)
        assert answer.headers.get_list("ratelimit-policy") == ['"write";q=3;w=60']
        left.append(answer.headers["ratelimit"].split(";")[1])
    assert left == ["r=2", "r=1", "r=0"], "a refused call counts and says so too"
    over = await toy.put("/v1/toys/9", json={"reference": "a"})
    is_problem(over, 429, code="quota_exceeded")
    assert 0 < int(over.headers["retry-after"]) <= 60
    assert over.headers.get_list("ratelimit-policy") == ['"write";q=3;w=60']
    other = {"Authorization": f"Bearer {token(scope='toy:write', sub='patient')}"}
    answer = await toy.put("/v1/toys/9", json={"reference": "a"}, headers=other)
    assert answer.status_code == 200


async def test_an_address_that_keeps_failing_is_told_to_wait(toy: httpx.AsyncClient, tight: Limits) -> None:
    del tight
    forged = {"Authorization": "Bearer x.y.z"}
    for _ in range(QUOTA):
        refused = await toy.put("/v1/toys/1", json={"reference": "a"}, headers=forged)
        is_problem(refused, 401, code="unauthenticated")
    over = await toy.put("/v1/toys/1", json={"reference": "a"}, headers=forged)
    is_problem(over, 429, code="quota_exceeded")
    assert 0 < int(over.headers["retry-after"]) <= 60
    assert (await toy.put("/v1/toys/1", json={"reference": "a"})).status_code == 200, "a good token passes"


async def test_one_call_too_many_at_once_is_a_problem_and_the_probes_still_answer(
    toy: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "MAX_CALLS", 0)
    refused = await toy.put("/v1/toys/1", json={"reference": "a"})
    is_problem(refused, 503, code="busy")
    assert refused.headers["retry-after"] == "1"
    assert (await toy.get("/livez")).status_code == 200


async def test_a_call_that_takes_too_long_is_told_so_and_undone(
    toy: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy._transport.app.state.deadlines = Deadlines(look_every=0.05)  # type: ignore[attr-defined]
    monkeypatch.setattr(routing.StrictRoute, "seconds", 0.2)
    slow, quick = await asyncio.gather(
        toy.put("/v1/toys/1", json={"reference": "a", "note": "slow"}),
        toy.put("/v1/toys/2", json={"reference": "a"}),
    )
    is_problem(slow, 503, code="busy")
    assert slow.headers["retry-after"] == "1"
    assert quick.status_code == 200
    assert (await toy.get("/v1/toys")).json() == {"count": 1}


async def test_a_call_cancelled_by_another_is_not_late() -> None:
    deadlines = Deadlines(look_every=0.01)
    call = asyncio.create_task(deadlines.keep(asyncio.sleep(60), seconds=60))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.fixture
def tight(toy: httpx.AsyncClient) -> Limits:
    """Quotas of three, in the running toy."""
    limits = Limits({"read": QUOTA, "write": QUOTA, "bulk": QUOTA}, failures=QUOTA)
    toy._transport.app.state.limits = limits  # type: ignore[attr-defined]  # the application in the transport
    return limits
