"""Quotas: what is left is said, what is over is refused, and one client's haste is not another's."""

import time

import httpx
import pytest

from shared.platform.edge import middleware, routing
from shared.platform.edge.limits import Limits
from shared.platform.edge.problems import ProblemError
from tests.platform.toy import is_problem
from tests.support.tokens import token

QUOTA = 3
MINUTE = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time as the quotas see it."""
    now = [MINUTE]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


@pytest.fixture
def limits(clock: list[float]) -> Limits:
    del clock
    return Limits({"read": QUOTA, "write": QUOTA, "bulk": QUOTA}, failures=QUOTA)


async def test_what_is_left_counts_down_and_comes_back(limits: Limits, clock: list[float]) -> None:
    left = []
    for _ in range(QUOTA):
        fields = await limits.take("a", "read")
        assert fields["RateLimit-Policy"] == '"read";q=3;w=60'
        left.append(fields["RateLimit"].split(";")[1])
    assert left == ["r=2", "r=1", "r=0"]
    with pytest.raises(ProblemError) as refused:
        await limits.take("a", "read")
    assert refused.value.headers is not None
    wait = int(refused.value.headers["Retry-After"])
    assert 0 < wait <= 60
    clock[0] += 120
    assert (await limits.take("a", "read"))["RateLimit"].startswith('"read";r=2')


async def test_clients_and_families_count_apart(limits: Limits) -> None:
    for client, family in (("a", "read"), ("b", "read"), ("a", "write"), ("a", "bulk")):
        for _ in range(QUOTA):
            await limits.take(client, family)  # type: ignore[arg-type]  # one of the three families


async def test_two_processes_count_apart(clock: list[float]) -> None:
    del clock
    replicas = [Limits({"read": QUOTA, "write": 1, "bulk": 1}, failures=1) for _ in range(2)]
    for replica in replicas:
        for _ in range(QUOTA):
            await replica.take("a", "read")
        with pytest.raises(ProblemError):
            await replica.take("a", "read")


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
    assert over.headers["retry-after"] == "60"
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
    monkeypatch.setattr(routing.StrictRoute, "seconds", 0.0)
    lost = await toy.put("/v1/toys/1", json={"reference": "a"})
    is_problem(lost, 503, code="busy")
    monkeypatch.undo()
    assert (await toy.get("/v1/toys")).json() == {"count": 0}


@pytest.fixture
def tight(toy: httpx.AsyncClient) -> Limits:
    """Quotas of three, in the running toy."""
    limits = Limits({"read": QUOTA, "write": QUOTA, "bulk": QUOTA}, failures=QUOTA)
    toy._transport.app.state.limits = limits  # type: ignore[attr-defined]  # the application in the transport
    return limits
