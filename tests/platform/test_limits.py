"""Quotas: what is left is said, what is over is refused, and one client's haste is not another's."""

import time
from collections.abc import Iterator

import httpx
import pytest

from shared.platform.edge.limits import Limits
from shared.platform.edge.problems import ProblemError
from tests.platform.toy import is_problem
from tests.support.tokens import token

QUOTA = 3
MINUTE = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time as the quotas see it."""
    now = [MINUTE]
    monkeypatch.setattr(time, "time", lambda: now[0])
    yield now


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
    for _ in range(QUOTA):
        answer = await toy.get("/v1/toys?x=1")
        assert answer.headers["ratelimit-policy"] == '"read";q=3;w=60'
        assert answer.headers["ratelimit"].startswith('"read";r=')
    over = await toy.get("/v1/toys")
    is_problem(over, 429, code="quota_exceeded")
    assert int(over.headers["retry-after"]) <= 60
    other = {"Authorization": f"Bearer {token(scope='toy:write', sub='patient')}"}
    assert (await toy.get("/v1/toys", headers=other)).status_code == 200


async def test_an_address_that_keeps_failing_is_told_to_wait(toy: httpx.AsyncClient, tight: Limits) -> None:
    del tight
    forged = {"Authorization": "Bearer x.y.z"}
    for _ in range(QUOTA):
        is_problem(await toy.get("/v1/toys", headers=forged), 401, code="unauthenticated")
    is_problem(await toy.get("/v1/toys", headers=forged), 429, code="quota_exceeded")
    assert (await toy.get("/v1/toys")).status_code == 200


@pytest.fixture
def tight(toy: httpx.AsyncClient) -> Limits:
    """Quotas of three, in the running toy."""
    limits = Limits({"read": QUOTA, "write": QUOTA, "bulk": QUOTA}, failures=QUOTA)
    toy._transport.app.state.limits = limits  # type: ignore[attr-defined]  # the application in the transport
    return limits
