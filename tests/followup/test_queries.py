"""Reading back: follow-ups with the reasons, lots with their verdicts, one's own observations."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.followup.lines import (
    OTHER_HOLDER,
    contract,
    enrolment,
    enrolment_id,
    lot,
    retraction,
    searched,
    situation,
)
from tests.support.under_test import ServiceUnderTest

Push = Callable[..., Awaitable[list[dict[str, Any]]]]
ADA = f"/v1/followups/{enrolment_id('ada')}"


async def test_a_followup_shows_dates_situations_and_reasons(
    followup: ServiceUnderTest, push: Push, reporter: httpx.AsyncClient, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    await push(contract("FT-1"))
    await push(situation("H-1"), by=holder)

    view = (await reporter.get(ADA)).json()

    assert (view["status"], view["exit_on"], view["version"]) == ("open", "2016-03-15", 1)
    assert view["rules"] == {"mapping": "outcomes-1", "natures": "natures-1", "precedence": "precedence-1"}
    three, six = view["waves"]
    assert [three[name] for name in ("due_on", "window_from", "window_to", "cut_off_on")] == [
        "2016-06-15",
        "2016-05-31",
        "2016-07-15",
        "2016-09-13",
    ]
    assert (three["settled"]["outcome"], three["settled"]["source"]) == ("permanent", "administrative")
    assert {(one["reference"], one["source"], one["why"]) for one in three["considered"]} == {
        ("FT-1", "administrative", "counted"),
        (None, "holder", "outranked"),
    }
    assert {one["why"] for one in six["considered"]} == {"counted", "outside_window"}


async def test_each_sees_only_its_own_references(
    followup: ServiceUnderTest, push: Push, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    await push(contract("FT-1"))
    await push(situation("H-1"), by=holder)

    view = (await holder.get(ADA)).json()

    assert {one["reference"] for one in view["waves"][0]["considered"]} == {None, "H-1"}


async def test_a_presumed_spell_becomes_firm_with_a_complete_lot(
    followup: ServiceUnderTest, push: Push, reporter: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    await push(contract("FT-1"), complete_to="2016-06-30")
    before = (await reporter.get(ADA)).json()

    await push(reference="LOT-2", complete_to="2016-09-30")
    after = (await reporter.get(ADA)).json()

    assert [wave["settled"]["firm"] for wave in before["waves"]] == [True, False]
    assert [wave["settled"]["firm"] for wave in after["waves"]] == [True, True]
    assert len(await followup.said()) == 1, "firmness is shown, not said"


async def test_the_proof_of_an_exclusion_is_told_to_its_holder_only(
    followup: ServiceUnderTest, reporter: httpx.AsyncClient, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    body = {"code": "detained", "established_on": "2016-05-02", "proof": "DOSSIER-114"}
    await holder.put(f"{ADA}/exclusion", json=body)

    assert (await holder.get(ADA)).json()["exclusion"] == body
    assert (await reporter.get(ADA)).json()["exclusion"] == body | {"proof": None}
    assert [wave["settled"]["situation"] for wave in (await holder.get(ADA)).json()["waves"]] == [
        "excluded"
    ] * 2


async def test_a_followup_of_others_is_not_found(
    followup: ServiceUnderTest, push: Push, reporter: httpx.AsyncClient
) -> None:
    await push(contract(name="waiting"))
    await followup.hear(enrolment())
    stranger = followup.client("outcomes:read", org=OTHER_HOLDER)
    nobody = followup.client("outcomes:read")

    for client, name in ((stranger, "ada"), (nobody, "ada"), (reporter, "unknown"), (reporter, "waiting")):
        answer = await client.get(f"/v1/followups/{enrolment_id(name)}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_lot_counts_the_verdicts_of_its_latest_sending(
    followup: ServiceUnderTest, push: Push, reporter: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    malformed = {**contract("FT-9"), "starts_on": "soon"}
    lines = [contract(), contract("FT-2", nature_dsn="ZZ"), contract("FT-3", name="waits"), malformed]
    await push(*lines, situation("FT-4", situation="astronaut"))
    first = (await reporter.get("/v1/lots/LOT-1")).json()

    await push(*lines[:2], retraction("FT-3"), population="the same")
    second = (await reporter.get("/v1/lots/LOT-1")).json()

    assert first["counts"] == {
        "accepted": 1,
        "accepted_with_warning": 1,
        "duplicate": 0,
        "older_than_held": 0,
        "waiting": 1,
        "rejected": 2,
    }
    assert first["period"] == {"from": "2016-06-01", "to": "2016-06-30"}
    assert (second["counts"]["duplicate"], second["counts"]["accepted"], second["counts"]["rejected"]) == (
        2,
        1,
        0,
    )
    assert (second["sendings"], second["population"]) == (2, "the same")


async def test_a_lot_belongs_to_its_reporter(
    push: Push, reporter: httpx.AsyncClient, holder: httpx.AsyncClient
) -> None:
    await push(contract())

    assert (await reporter.get("/v1/lots/LOT-1")).status_code == 200
    assert (await holder.get("/v1/lots/LOT-1")).status_code == 404


async def test_own_observations_are_listed_by_pages(
    followup: ServiceUnderTest, push: Push, reporter: httpx.AsyncClient, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    await push(contract("FT-1"), situation("FT-2"), searched("FT-3", name="waits"), retraction("FT-4"))
    await push(contract("H-1"), by=holder)

    first = (await reporter.get("/v1/observations", params={"limit": 3})).json()
    second = (await reporter.get("/v1/observations", params={"limit": 3, "after": first["next"]})).json()

    assert [item["reference"] for item in first["items"]] == ["FT-1", "FT-2", "FT-3"]
    assert [item["reference"] for item in second["items"]] == ["FT-4"]
    assert second["next"] is None
    assert [item["waiting"] for item in [*first["items"], *second["items"]]] == [False, False, True, False]
    assert first["items"][0]["content"]["nature_dsn"] == "01"
    exported = (await reporter.get("/v1/observations/export")).text.splitlines()
    assert [json.loads(line) for line in exported[:-1]] == [*first["items"], *second["items"]]
    table = (await reporter.get("/v1/observations/export", headers={"Accept": "text/csv"})).text
    assert table.startswith("\ufeffreference;enrolment;kind;outcome;durable;content;")
    assert "\r\n#end;4;" in table
    assert "H-1" not in table


async def test_a_read_can_ask_for_what_was_heard(
    followup: ServiceUnderTest, reporter: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    reached = [
        f"enrolment/{row['partition']:02d}/{row['last_seq']}"
        for row in await followup.rows(
            "SELECT partition, last_seq FROM followup.intake_position WHERE last_seq > 0"
        )
    ]

    heard = await reporter.get(ADA, params={"at_least": ", ".join(reached)})
    ahead = await reporter.get(ADA, params={"at_least": f"{reached[0].rsplit('/', 1)[0]}/99"})

    assert heard.status_code == 200
    assert (ahead.status_code, ahead.json()["code"]) == (503, "not_heard_yet")


async def test_a_page_has_bounds(reporter: httpx.AsyncClient) -> None:
    for limit in (0, 501):
        answer = await reporter.get("/v1/observations", params={"limit": limit})
        assert answer.status_code == 400
    assert (await reporter.post("/v1/outcomes", json=lot())).json() == {"results": [], "summary": {}}
