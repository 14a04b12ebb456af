"""An operator sees what is parked and has it driven again over HTTP; nobody else does, and no data is shown."""

import httpx
import pytest

from shared.platform.exchange import redrive_requests
from shared.platform.exchange.redrive import Redriver
from shared.platform.exchange.redrive_requests import RedriveRequests
from shared.platform.exchange.redrive_store import PostgresRedriveStore
from tests.platform.test_exchange import Listener, envelopes_of, listener, say
from tests.support.under_test import ServiceUnderTest

__all__ = ["listener"]

SCOPE = "exchange:operate"


def worker_of(listener: Listener) -> RedriveRequests:
    redriver = Redriver(PostgresRedriveStore(listener.database), listener.ears().applier)
    return RedriveRequests(listener.database, redriver)


@pytest.fixture
async def parked(labelling: ServiceUnderTest, listener: Listener) -> None:
    """Seven events of five aggregates, all set aside."""
    await say(labelling.database, *range(5))
    await say(labelling.database, 1, 2, version=2)
    listener.refuse = lambda _: True
    await listener.hear(*await envelopes_of(labelling.database))
    listener.refuse = lambda _: False


async def ask(indicators: ServiceUnderTest, **body: str) -> httpx.Response:
    async with indicators.client(SCOPE, sub="operator") as client:
        return await client.post("/v1/exchange/redrives", json=body)


async def test_parked_events_are_listed_in_pages_without_their_data(
    indicators: ServiceUnderTest, parked: None
) -> None:
    async with indicators.client(SCOPE) as client:
        whole = (await client.get("/v1/exchange/parked")).json()
        assert whole["next"] is None
        seen = []
        after: dict[str, str] = {}
        while True:
            page = (await client.get("/v1/exchange/parked", params={"limit": 3, **after})).json()
            seen += page["items"]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        one = (await client.get("/v1/exchange/parked", params={"aggregate_id": "target-1"})).json()
    assert seen == whole["items"]
    assert len(seen) == 7
    assert {(item["reason"], item["type"]) for item in one["items"]} == {
        ("ValueError", "labelling.target.set.v1"),
        ("behind_parked", "labelling.target.set.v1"),
    }
    assert all("data" not in item and "envelope" not in item for item in seen)


@pytest.mark.parametrize("query", ["source=%00%C3%B4", "aggregate_id=x%00", "aggregate_id=%00"])
async def test_no_nul_reaches_the_database(indicators: ServiceUnderTest, query: str) -> None:
    async with indicators.client(SCOPE) as client:
        answer = await client.get(f"/v1/exchange/parked?{query}")
    codes = [error["code"] for error in answer.json()["errors"]]
    assert (answer.status_code, codes) == (400, ["forbidden_character"])


async def test_the_place_of_a_request_is_that_behind_the_proxy(
    indicators: ServiceUnderTest, parked: None
) -> None:
    async with indicators.client(SCOPE) as client:
        asked = await client.post(
            "/v1/exchange/redrives",
            json={"source": "labelling"},
            headers={"X-Forwarded-Prefix": "/indicators"},
        )
    assert asked.headers["location"].startswith("/indicators/v1/exchange/redrives/")


async def test_a_request_is_carried_out_by_a_worker_and_journalled(
    indicators: ServiceUnderTest, listener: Listener, parked: None
) -> None:
    asked = await ask(indicators, source="labelling", aggregate_id="target-1")
    assert asked.status_code == 202, asked.text
    assert asked.json()["done_at"] is None
    assert await worker_of(listener).step()
    async with indicators.client(SCOPE) as client:
        done = (await client.get(asked.headers["location"])).json()
        assert (await client.get("/v1/exchange/redrives/999")).status_code == 404
    assert (done["driven"], done["left_parked"], done["note"]) == (2, 0, None)
    assert done["done_at"] is not None
    assert (await listener.effects())["target-1"] == 2
    entries = await indicators.rows("SELECT action FROM indicators.journal WHERE client_id = 'operator'")
    assert [entry["action"] for entry in entries] == ["exchange.redrive_asked", "exchange.redriven"]
    assert not await worker_of(listener).step()


async def test_what_is_refused_again_is_left_and_said(
    indicators: ServiceUnderTest, listener: Listener, parked: None
) -> None:
    listener.refuse = lambda fact: fact.target_id == "target-2"
    location = (await ask(indicators, source="labelling")).headers["location"]
    assert await worker_of(listener).step()
    async with indicators.client(SCOPE) as client:
        done = (await client.get(location)).json()
    assert (done["driven"], done["left_parked"], done["note"]) == (5, 2, "refused_again")


async def test_two_workers_share_the_requests(
    indicators: ServiceUnderTest, listener: Listener, parked: None
) -> None:
    for number in range(3):
        await ask(indicators, source="labelling", aggregate_id=f"target-{number}")
    async with listener.database.transaction() as tx:
        await tx.execute(redrive_requests._sql(redrive_requests._CLAIM, "indicators"), {"seconds": 30})
        # The first is claimed, its row is locked still: the next worker does not wait for it.
        assert await worker_of(listener).step()
    done = await indicators.rows(
        "SELECT done_at IS NOT NULL AS done FROM indicators.redrive_request ORDER BY request"
    )
    assert [row["done"] for row in done] == [False, True, False]


async def test_a_halted_source_is_left_alone(
    indicators: ServiceUnderTest, listener: Listener, parked: None
) -> None:
    await listener.ears().store.halt("labelling", reason="log_went_back", detail={})
    await ask(indicators, source="labelling")
    assert await worker_of(listener).step()
    [row] = await indicators.rows("SELECT driven, left_parked, note FROM indicators.redrive_request")
    assert row == {"driven": 0, "left_parked": 7, "note": "source_halted"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"source": "indicators"}, 422, "source_not_heard"),
        ({"source": 3}, 422, "invalid_request"),
        ({"source": "labelling", "aggregate": "misspelt"}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
    ],
)
async def test_a_request_that_means_nothing_is_refused(
    indicators: ServiceUnderTest, body: dict[str, str], status: int, code: str
) -> None:
    answer = await ask(indicators, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/exchange/parked"), ("POST", "/v1/exchange/redrives"), ("GET", "/v1/exchange/redrives/1")],
)
async def test_operating_needs_its_own_scope(indicators: ServiceUnderTest, method: str, path: str) -> None:
    async with indicators.client("events:feed indicators:exact") as client:
        answer = await client.request(method, path, json={"source": "labelling"})
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
