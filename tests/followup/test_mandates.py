"""Sending and reading for another organisation: named in the query, allowed by its mandate."""

from datetime import date
from typing import Any

import httpx
import pytest

from services.followup import routes
from shared.events.labelling import MandateGranted
from shared.kernel.identifiers import stable_id
from tests.followup.lines import EVERYTHING, HOLDER, contract, enrolment, enrolment_id, lot
from tests.support.importing import NDJSON, ended, lines, runner_of
from tests.support.under_test import ServiceUnderTest

FOR_HOLDER = {"holder": HOLDER}
MANDATE = MandateGranted(
    mandate_id=stable_id("mandate", HOLDER, "M-1"),
    holder=HOLDER,
    client_id="vendor",
    valid_from=date(2016, 1, 1),
    valid_until=date(2199, 12, 31),
    version=1,
)
HEAD = {
    "lot": "LOT-F",
    "period_from": "2016-06-01",
    "period_to": "2016-06-30",
    "population": "leavers",
    "complete_to": "2016-06-30",
    "produced_on": "2016-07-01",
}


@pytest.fixture
def vendor(followup: ServiceUnderTest) -> httpx.AsyncClient:
    followup.app.state.mandates.keep_seconds = 0.0
    return followup.client(EVERYTHING, org="000000133", sub="vendor")


async def test_a_vendor_sends_as_the_holder_it_names(
    followup: ServiceUnderTest, vendor: httpx.AsyncClient, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment(), MANDATE)
    answer = await vendor.post("/v1/outcomes", params=FOR_HOLDER, json=lot(contract()))
    assert answer.json()["results"][0]["status"] == "accepted", answer.text
    mine: dict[str, Any] = (await holder.get("/v1/observations")).json()
    assert len(mine["items"]) == 1
    assert (await vendor.get("/v1/observations", params=FOR_HOLDER)).json()["items"] == mine["items"]
    assert (await vendor.get("/v1/observations")).json()["items"] == []
    assert (await vendor.get(f"/v1/followups/{enrolment_id('ada')}")).status_code == 200
    reference = lot()["lot"]["reference"]
    assert (await vendor.get(f"/v1/lots/{reference}", params=FOR_HOLDER)).status_code == 200
    assert (await vendor.get(f"/v1/lots/{reference}")).status_code == 404


async def test_without_a_mandate_the_holder_is_nobody(
    followup: ServiceUnderTest, vendor: httpx.AsyncClient, reporter: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    for client in (vendor, reporter):
        for siren in (HOLDER, "000000901"):
            answer = await client.post("/v1/outcomes", params={"holder": siren}, json=lot(contract()))
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await vendor.get(f"/v1/followups/{enrolment_id('ada')}")).status_code == 404


async def test_what_is_said_of_anothers_enrolment_waits_and_never_counts(
    followup: ServiceUnderTest, vendor: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    unknown = contract("U-1", name="nobody")
    answer = await vendor.post("/v1/outcomes", json=lot(contract(), unknown))
    theirs, nobodys = answer.json()["results"]
    assert theirs["status"] == nobodys["status"] == "waiting"
    assert theirs["waves"] == nobodys["waves"]
    assert [one for one in await followup.said() if one.TYPE.startswith("followup.")] == []


async def test_a_file_is_sent_and_found_under_the_holders_name(
    followup: ServiceUnderTest, vendor: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment(), MANDATE)
    async with runner_of(followup, routes.IMPORTS) as runner:
        answer = await vendor.post(
            "/v1/imports/outcomes",
            params=HEAD | FOR_HOLDER,
            content=lines([contract()]),
            headers=NDJSON,
        )
        job = await ended(vendor, runner, answer=answer)
    assert (job["state"], job["counts"]) == ("succeeded", {"accepted": 1})
    assert answer.headers["location"].endswith(f"?holder={HOLDER}")
    assert job["links"]["self"] == answer.headers["location"]
    assert (await vendor.get(job["links"]["self"].partition("?")[0])).status_code == 404


async def test_a_file_that_is_in_the_way_is_named_where_it_is_found(
    followup: ServiceUnderTest, vendor: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment(), MANDATE)
    content = lines([contract()])
    first = await vendor.post(
        "/v1/imports/outcomes", params=HEAD | FOR_HOLDER, content=content, headers=NDJSON
    )
    second = await vendor.post("/v1/imports/outcomes", params=HEAD, content=content, headers=NDJSON)
    assert (first.status_code, second.status_code) == (202, 409)
    assert second.headers["location"] == first.headers["location"]
    assert (await vendor.get(second.headers["location"])).json()["id"] == first.json()["id"]
