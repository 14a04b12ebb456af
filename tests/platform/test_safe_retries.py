"""Safe retries: under one key a bulk call has one effect and one answer, whatever was cut, repeated or raced."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.platform import retention
from shared.platform.database import Database
from tests.platform.toy import is_problem
from tests.support.cluster import Cluster
from tests.support.tokens import token

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd"'}
MANY: dict[str, Any] = {"items": [{"reference": f"r{number}"} for number in range(700)]}


async def count(toy: httpx.AsyncClient) -> int:
    return int((await toy.get("/v1/toys")).json()["count"])


async def test_a_repeated_call_is_done_once_and_answered_alike(toy: httpx.AsyncClient) -> None:
    first = await toy.post("/v1/toys", json=MANY, headers=KEY)
    again = await toy.post("/v1/toys", json=MANY, headers=KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["tremplin-position"] == first.headers["tremplin-position"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert await count(toy) == 700


async def test_without_a_key_each_call_is_its_own(toy: httpx.AsyncClient) -> None:
    for _ in range(2):
        await toy.post("/v1/toys", json=MANY)
    assert await count(toy) == 1400


async def test_a_key_with_and_without_quotes_is_the_same(toy: httpx.AsyncClient) -> None:
    for key in ("abc", '"abc"'):
        await toy.post("/v1/toys", json=MANY, headers={"Idempotency-Key": key})
    assert await count(toy) == 700


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "é", "a b", 'a"b', "a\tb"])
async def test_a_key_of_another_form_is_refused(toy: httpx.AsyncClient, key: str) -> None:
    answer = await toy.post("/v1/toys", json=MANY, headers=[(b"Idempotency-Key", key.encode())])
    is_problem(answer, 400, code="bad_idempotency_key")
    assert await count(toy) == 0


async def test_two_keys_in_one_call_are_refused(toy: httpx.AsyncClient) -> None:
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    is_problem(await toy.post("/v1/toys", json=MANY, headers=twice), 400, code="bad_idempotency_key")


async def test_a_key_belongs_to_its_content(toy: httpx.AsyncClient) -> None:
    await toy.post("/v1/toys", json=MANY, headers=KEY)
    other = {"items": [*MANY["items"], {"reference": "more"}]}
    is_problem(await toy.post("/v1/toys", json=other, headers=KEY), 422, code="idempotency_key_reused")
    assert await count(toy) == 700


async def test_a_key_belongs_to_its_client(toy: httpx.AsyncClient) -> None:
    await toy.post("/v1/toys", json=MANY, headers=KEY)
    other = {"Authorization": f"Bearer {token(scope='toy:write', sub='another')}"}
    answer = await toy.post("/v1/toys", json=MANY, headers=KEY | other)
    assert "idempotent-replayed" not in answer.headers
    assert await count(toy) == 1400


async def test_fifty_at_once_have_one_effect_and_one_answer(toy: httpx.AsyncClient) -> None:
    async def call() -> httpx.Response:
        while True:
            answer = await toy.post("/v1/toys", json=MANY, headers=KEY)
            if answer.status_code == 409:
                is_problem(answer, 409, code="still_running")
                assert answer.headers["retry-after"] == "1"
            elif answer.status_code != 503:
                return answer
            await asyncio.sleep(0.05)

    answers = await asyncio.gather(*(call() for _ in range(50)))
    assert {answer.status_code for answer in answers} == {207}
    assert len({answer.content for answer in answers}) == 1
    assert await count(toy) == 700


async def test_a_call_that_was_cut_between_two_transactions_is_completed(
    toy: httpx.AsyncClient, cluster: Cluster, database: str
) -> None:
    whole = await toy.post("/v1/toys", json=MANY, headers=KEY)
    connection = await cluster.superuser(database)
    try:
        # As a process leaves it that is killed after its first transaction.
        await connection.execute("DELETE FROM labelling.idempotency_key WHERE part = 1")
    finally:
        await connection.close()
    again = await toy.post("/v1/toys", json=MANY, headers=KEY)
    assert again.json() == whole.json()
    assert "idempotent-replayed" not in again.headers
    assert await count(toy) == 700 + 200


async def test_what_was_refused_is_not_kept(toy: httpx.AsyncClient) -> None:
    is_problem(
        await toy.post("/v1/toys", content=b"{", headers=KEY | {"Content-Type": "application/json"}),
        400,
        code="malformed_json",
    )
    assert (await toy.post("/v1/toys", json=MANY, headers=KEY)).status_code == 207


async def test_keys_are_forgotten_after_a_week(
    toy: httpx.AsyncClient, cluster: Cluster, database: str
) -> None:
    for key in ("old", "young"):
        await toy.post("/v1/toys", json=MANY, headers={"Idempotency-Key": key})
    connection = await cluster.superuser(database)
    await connection.execute(
        "UPDATE labelling.idempotency_key SET kept_at = now() - interval '169 hours' WHERE key = 'old'"
    )
    worker = Database(cluster.url(database, role="labelling_worker"), service="labelling", role="worker")
    try:
        assert await retention.forget(worker, retention.KEPT[0]) == 2
        assert await connection.fetchval("SELECT array_agg(DISTINCT key) FROM labelling.idempotency_key") == [
            "young"
        ]
    finally:
        await worker.close()
        await connection.close()
