"""The doors of followup: who may come in, what is refused, and that no refusal repeats what was sent."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from shared.events.followup import FollowupExcluded, FollowupState, OutcomeSettled
from tests.followup.lines import (
    OTHER_HOLDER,
    REPORTER,
    contract,
    enrolment,
    enrolment_id,
    lot,
    retraction,
    situation,
    verdicts,
)
from tests.support.under_test import ServiceUnderTest

Push = Callable[..., Awaitable[list[dict[str, Any]]]]
ADA = enrolment_id("ada")
EXCLUSION = {"code": "long_illness", "established_on": "2016-05-02", "proof": "DOSSIER-114"}
SECRET = "a-value-never-echoed"


async def test_every_door_wants_a_token_and_a_scope(followup: ServiceUnderTest) -> None:
    doors: list[tuple[str, str, Any]] = [
        ("POST", "/v1/outcomes", lot(contract())),
        ("GET", "/v1/lots/LOT-1", None),
        ("GET", "/v1/observations", None),
        ("GET", f"/v1/followups/{ADA}", None),
        ("PUT", f"/v1/followups/{ADA}/exclusion", EXCLUSION),
    ]
    for method, path, body in doors:
        anonymous = await followup.client().request(method, path, json=body)
        wrong = await followup.client("enrolment:read", reporter=REPORTER).request(method, path, json=body)

        assert (anonymous.status_code, wrong.status_code) == (401, 403), path


async def test_a_client_that_is_nobody_may_not_push(followup: ServiceUnderTest) -> None:
    answer = await followup.client("outcomes:write").post("/v1/outcomes", json=lot(contract()))

    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_reporter")


MALFORMED: list[tuple[dict[str, Any], str, str]] = [
    ({**contract(), "reference": SECRET + " !"}, "/reference", "wrong_form"),
    ({**contract(), "starts_on": SECRET}, "/starts_on", "bad_date"),
    ({**contract(), "starts_on": "2016-02-30"}, "/starts_on", "bad_date"),
    ({**contract(), "enrolment": SECRET}, "/enrolment", "wrong_type"),
    ({**contract(), "nature_dsn": 1}, "/nature_dsn", "wrong_type"),
    ({**contract(), "nature_dsn": SECRET}, "/nature_dsn", "wrong_form"),
    ({**contract(), "employer_siret": "73282932000079"}, "/employer_siret", "bad_siret"),
    ({**contract(), "abroad_country": "Belgique"}, "/abroad_country", "wrong_form"),
    ({**contract(), "scheme": SECRET}, "/scheme", "wrong_value"),
    ({**contract(), "durable": True}, "", "unknown_field"),
    ({**situation(), "situation": SECRET}, "/situation", "wrong_form"),
    ({**situation(), "kind": SECRET}, "", "wrong_value"),
    (
        {key: value for key, value in contract().items() if key != "starts_on"},
        "/starts_on",
        "missing_field",
    ),
    ({**retraction(), "enrolment": str(ADA)}, "", "unknown_field"),
]


async def test_malformed_lines_are_refused_alone(followup: ServiceUnderTest, push: Push) -> None:
    await followup.hear(enrolment())

    sound, *refused = await push(contract("FT-77"), *(line for line, _, _ in MALFORMED))

    assert sound["status"] == "accepted"
    assert {one["status"] for one in refused} == {"rejected"}
    assert [[(error["pointer"], error["code"]) for error in one["errors"]] for one in refused] == [
        [(pointer, code)] for _, pointer, code in MALFORMED
    ]
    assert SECRET not in str([one["errors"] for one in refused])


BAD_HEADS: list[tuple[dict[str, Any], str, str]] = [
    ({"period": {"from": "2016-06-30", "to": "2016-06-01"}}, "/lot/period", "bad_period"),
    ({"complete_to": "2016-13-01"}, "/lot/complete_to", "bad_date"),
    ({"complete_to": "2199-01-01"}, "/lot/complete_to", "date_in_future"),
    ({"population": ""}, "/lot/population", "wrong_form"),
    ({"sender": SECRET}, "/lot", "unknown_field"),
]


async def test_a_malformed_head_refuses_the_call(reporter: httpx.AsyncClient) -> None:
    for head, pointer, code in BAD_HEADS:
        answer = await reporter.post("/v1/outcomes", json=lot(contract(), **head))

        assert answer.status_code == 422, head
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
        assert SECRET not in answer.text


async def test_a_thousand_and_one_lines_are_too_many(reporter: httpx.AsyncClient) -> None:
    answer = await reporter.post("/v1/outcomes", json=lot(*[contract()] * 1001))

    assert answer.status_code == 413


async def test_a_write_says_where_it_stands_in_the_log(
    followup: ServiceUnderTest, reporter: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())

    answer = await reporter.post("/v1/outcomes", json=lot(contract()))

    assert answer.headers["tremplin-position"].startswith("followup/")
    assert answer.json()["summary"] == {"accepted": 1}


async def test_a_holder_excludes_a_learner_once(
    followup: ServiceUnderTest, holder: httpx.AsyncClient, push: Push
) -> None:
    await followup.hear(enrolment())
    await push(contract())

    first = await holder.put(f"/v1/followups/{ADA}/exclusion", json=EXCLUSION)
    again = await holder.put(f"/v1/followups/{ADA}/exclusion", json=EXCLUSION)
    (later,) = await push(situation())

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["code"]) == ("excluded", "long_illness")
    assert [wave["why"] for wave in later["waves"]] == ["excluded", "excluded"]
    settled, excluded = await followup.said()
    assert isinstance(settled, OutcomeSettled)
    assert isinstance(excluded, FollowupExcluded)
    assert excluded.version == 2
    assert [(wave.situation, wave.outcome, wave.source) for wave in excluded.waves] == [
        ("excluded", "long_illness", "holder"),
        ("excluded", "long_illness", "holder"),
    ]


async def test_a_corrected_exclusion_is_told_and_a_new_proof_is_not(
    followup: ServiceUnderTest, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    for body in (
        EXCLUSION,
        {**EXCLUSION, "code": "deceased"},
        {**EXCLUSION, "code": "deceased", "proof": "B-2"},
    ):
        assert (await holder.put(f"/v1/followups/{ADA}/exclusion", json=body)).status_code == 200

    facts = [fact for fact in await followup.said() if isinstance(fact, FollowupState)]
    assert [(fact.TYPE, fact.waves[0].outcome) for fact in facts] == [
        (FollowupExcluded.TYPE, "long_illness"),
        (FollowupExcluded.TYPE, "deceased"),
    ]
    (row,) = await followup.rows("SELECT excluded_proof FROM followup.followup")
    assert row["excluded_proof"] == "B-2"


async def test_exclusions_of_others_and_of_the_unknown_are_not_found(
    followup: ServiceUnderTest, holder: httpx.AsyncClient, reporter: httpx.AsyncClient, push: Push
) -> None:
    await push(contract(name="waits"))
    await followup.hear(enrolment())
    stranger = followup.client("outcomes:write followup:backfill", org=OTHER_HOLDER)

    for client, name in ((stranger, "ada"), (reporter, "ada"), (holder, "nobody"), (holder, "waits")):
        answer = await client.put(f"/v1/followups/{enrolment_id(name)}/exclusion", json=EXCLUSION)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_exclusion_is_of_a_closed_list_with_a_proof(
    followup: ServiceUnderTest, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    for change, code in (
        ({"code": "moved_away"}, "invalid_request"),
        ({"proof": "Élise, clinique"}, "invalid_request"),
        ({"established_on": "2199-01-01"}, "date_in_future"),
    ):
        answer = await holder.put(f"/v1/followups/{ADA}/exclusion", json=EXCLUSION | change)

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert "clinique" not in answer.text


async def test_an_old_exclusion_needs_the_right(followup: ServiceUnderTest) -> None:
    await followup.hear(enrolment())
    client = followup.client("outcomes:write", org="000000018")

    answer = await client.put(f"/v1/followups/{ADA}/exclusion", json=EXCLUSION)

    assert (answer.status_code, answer.json()["code"]) == (403, "backfill_scope_required")


async def test_a_withdrawn_exit_cannot_be_excluded(
    followup: ServiceUnderTest, holder: httpx.AsyncClient
) -> None:
    await followup.hear(enrolment())
    await followup.hear(enrolment(status="in_training", ended_on=None, version=3))

    answer = await holder.put(f"/v1/followups/{ADA}/exclusion", json=EXCLUSION)

    assert (answer.status_code, answer.json()["code"]) == (409, "exit_withdrawn")


async def test_an_exclusion_stands_through_a_corrected_exit(
    followup: ServiceUnderTest, holder: httpx.AsyncClient, push: Push
) -> None:
    await followup.hear(enrolment())
    await holder.put(f"/v1/followups/{ADA}/exclusion", json=EXCLUSION)

    await followup.hear(enrolment(status="in_training", ended_on=None, version=3))
    await followup.hear(enrolment(version=4))

    assert [fact.TYPE for fact in await followup.said()] == [
        "followup.followup.excluded.v1",
        "followup.outcome.withdrawn.v1",
        "followup.followup.excluded.v1",
    ]
    assert verdicts(await push(contract())) == ["accepted"]
