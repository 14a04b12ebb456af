"""The edge: tokens, problems, ids and positions behave the same whatever the route."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from shared.platform.edge.fields import LongText
from tests.platform.toy import SECRET, Toy, is_problem
from tests.support.tokens import token


async def count(toy: httpx.AsyncClient) -> int:
    return int((await toy.get("/v1/toys")).json()["count"])


async def test_a_write_is_committed_before_its_answer_and_says_its_position(toy: httpx.AsyncClient) -> None:
    answer = await toy.put("/v1/toys/1", json={"reference": "a"})
    assert answer.status_code == 200
    assert answer.headers["tremplin-position"].startswith("labelling/")
    assert await count(toy) == 1


async def test_a_refusal_rolls_back_and_names_field_and_rule(toy: httpx.AsyncClient) -> None:
    answer = await toy.put("/v1/toys/1", json={"reference": "a", "note": "conflict"})
    body = is_problem(answer, 409, code="taken")
    assert body["errors"] == [{"pointer": "/note", "code": "taken", "message": "Déjà pris."}]
    assert "tremplin-position" not in answer.headers
    assert await count(toy) == 0


async def test_a_failed_commit_is_never_answered_as_done(toy: httpx.AsyncClient) -> None:
    answer = await toy.put("/v1/toys/1", json={"reference": "a", "note": "late"})
    is_problem(answer, 500, code="internal_error")
    assert await count(toy) == 0


async def test_a_bug_shows_neither_its_message_nor_its_place(
    toy: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await toy.put("/v1/toys/1", json={"reference": "a", "note": "bug"})
    is_problem(answer, 500, code="internal_error")
    assert SECRET not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"reference": "a", "siret": SECRET[:14]}, "/siret", "bad_siret"),
        ({"reference": "a", "siret": "73282932000079"}, "/siret", "bad_siret"),
        ({"reference": "a", "on": "2016-02-30"}, "/on", "bad_date"),
        ({"reference": "a", "on": 1454457600}, "/on", "bad_date"),
        ({"reference": "a", "on": "2016-02-03T00:00:00Z"}, "/on", "bad_date"),
        ({"siret": "73282932000074"}, "/reference", "missing_field"),
        ({"reference": "a", SECRET: 1}, "", "unknown_field"),
        ({"reference": SECRET}, "/reference", "wrong_form"),
        ({"reference": 3}, "/reference", "wrong_type"),
        ({"reference": "a", "note": [SECRET]}, "/note", "wrong_type"),
    ],
)
async def test_a_wrong_field_is_named_and_its_value_never_repeated(
    toy: httpx.AsyncClient, body: dict[str, Any], pointer: str, code: str
) -> None:
    problem = is_problem(await toy.put("/v1/toys/1", json=body), 422, code="invalid_request")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]


async def test_a_misspelt_field_is_answered_with_the_nearest_one(toy: httpx.AsyncClient) -> None:
    alone = is_problem(await toy.put("/v1/toys/1", json={"referense": "a"}), 422, code="invalid_request")
    assert {error.get("expected") for error in alone["errors"]} == {None, "reference"}
    many = await toy.post("/v1/toys", json={"items": [{"reference": "a", "nots": "x"}]})
    assert many.json()["results"][0]["errors"][0]["expected"] == "note"
    head = is_problem(await toy.post("/v1/toys", json={"item": []}), 422, code="invalid_request")
    assert {error.get("expected") for error in head["errors"]} == {None, "items"}


async def test_the_language_of_a_problem_is_the_callers(toy: httpx.AsyncClient) -> None:
    french = await toy.put("/v1/toys/1", json={})
    english = await toy.put("/v1/toys/1", json={}, headers={"Accept-Language": "en-GB,fr;q=0.5"})
    assert french.json()["errors"][0]["message"] == "Champ obligatoire absent."
    assert english.json()["errors"][0]["message"] == "A required field is missing."
    assert (french.headers["content-language"], english.headers["content-language"]) == ("fr", "en")


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"\x80\x81\xff", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "missing_body"),
        (b'{"items": []}', "text/plain", 415, "unsupported_media_type"),
        (b'{"items": [' + b"[" * 100_000, "application/json", 400, "too_deep"),
        (b'{"items": "x"}', "application/json", 422, "invalid_request"),
        (b" " * (4 * 1024 * 1024 + 1), "application/json", 413, "too_large"),
    ],
)
async def test_an_unreadable_bulk_body_is_refused_whole(
    toy: httpx.AsyncClient, content: bytes, media_type: str, status: int, code: str
) -> None:
    answer = await toy.post("/v1/toys", content=content, headers={"Content-Type": media_type})
    is_problem(answer, status, code=code)
    assert await count(toy) == 0


async def test_a_bulk_call_answers_each_item_in_order(toy: httpx.AsyncClient) -> None:
    items = [{"reference": f"r{number}"} for number in range(5)]
    items[1] = {"reference": "r1", "on": SECRET}
    items[3] = {"reference": "r3", "extra": SECRET}
    answer = await toy.post("/v1/toys", json={"items": items})
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["reference"] for result in results] == ["r0", "r1", "r2", "r3", "r4"]
    assert [result["status"] for result in results] == [
        "accepted",
        "rejected",
        "accepted",
        "rejected",
        "accepted",
    ]
    assert results[1]["errors"][0]["pointer"] == "/on"
    assert answer.json()["summary"] == {"accepted": 3, "rejected": 2}
    assert SECRET not in answer.text
    assert await count(toy) == 3


async def test_a_thousand_items_are_two_transactions_and_one_answer(toy: httpx.AsyncClient) -> None:
    answer = await toy.post(
        "/v1/toys", json={"items": [{"reference": f"r{number}"} for number in range(1000)]}
    )
    assert answer.json()["summary"] == {"accepted": 1000}
    assert await count(toy) == 1000
    too_many = await toy.post(
        "/v1/toys", json={"items": [{"reference": f"r{number}"} for number in range(1001)]}
    )
    is_problem(too_many, 413, code="too_many_items")
    assert await count(toy) == 1000


async def test_no_token_and_the_wrong_scope_are_told_apart(toy: httpx.AsyncClient) -> None:
    basic = await toy.put("/v1/toys/1", json={"reference": "a"}, headers={"Authorization": "Basic eDp5"})
    is_problem(basic, 401, code="unauthenticated")
    lacking = await toy.put(
        "/v1/toys/1", json={"reference": "a"}, headers={"Authorization": f"Bearer {token(scope='other')}"}
    )
    is_problem(lacking, 403, code="insufficient_scope")
    assert 'scope="toy:write"' in lacking.headers["www-authenticate"]


async def test_a_request_id_is_kept_when_it_is_one_and_replaced_when_it_is_not(
    toy: httpx.AsyncClient,
) -> None:
    mine = "8C0F2d5e-7d0f-4c39-9a43-0b9c2f4f6a11"
    for asked in (mine, mine.replace("-", "")):
        kept = await toy.get("/v1/toys", headers={"X-Request-ID": asked})
        assert kept.headers["x-request-id"] == asked
    for asked in (
        "x" * 5000,
        "dupont.camille",
        "295109912611193",
        "\x1b[31m",
        mine[:-1],
        f"{mine}0",
        mine[:8] + mine[9:],
    ):
        replaced = await toy.get("/v1/toys", headers={"X-Request-ID": asked})
        assert replaced.headers["x-request-id"] != asked
    assert (await toy.get("/nowhere")).headers["x-request-id"]


async def test_unknown_paths_and_methods_are_problems(toy: httpx.AsyncClient) -> None:
    is_problem(await toy.get("/nowhere"), 404, code="not_found")
    is_problem(await toy.options("/nowhere"), 404, code="not_found")
    is_problem(await toy.delete("/v1/toys"), 405, code="method_not_allowed")


async def test_reading_what_was_not_heard_yet_says_so_and_when_to_retry(toy: httpx.AsyncClient) -> None:
    reached = (await toy.put("/v1/toys/1", json={"reference": "a"})).headers["tremplin-position"]
    assert (await toy.get("/v1/toys", params={"at_least": reached})).status_code == 200
    beyond = await toy.get("/v1/toys", params={"at_least": "labelling/07/999"})
    is_problem(beyond, 503, code="not_heard_yet")
    assert beyond.headers["retry-after"] == "1"
    is_problem(await toy.get("/v1/toys", params={"at_least": "enrolment/07/1"}), 400, code="unknown_position")
    is_problem(await toy.get("/v1/toys", params={"at_least": "nonsense"}), 400, code="invalid_request")


async def test_the_probes_need_no_token_and_ready_means_the_schema_is_there(toy: httpx.AsyncClient) -> None:
    for probe in ("/livez", "/startupz", "/readyz"):
        answer = await toy.get(probe, headers={"Authorization": ""})
        assert answer.status_code == 200, answer.text
    assert (await toy.get("/readyz")).json()["broker"] == "disconnected"


async def test_freshness_and_feed(toy: httpx.AsyncClient) -> None:
    await toy.put("/v1/toys/1", json={"reference": "a"})
    fresh = (await toy.get("/v1/freshness")).json()
    assert fresh["service"] == "labelling"
    assert sum(fresh["log"].values()) == 1
    partition = next(name for name, head in fresh["log"].items() if head == 1)
    refused = await toy.get("/v1/events", params={"partition": int(partition)})
    is_problem(refused, 403, code="insufficient_scope")
    feeder = {"Authorization": f"Bearer {token(scope='events:feed')}"}
    lines = (
        await toy.get("/v1/events", params={"partition": int(partition)}, headers=feeder)
    ).text.splitlines()
    assert [json.loads(line)["data"]["value"] for line in lines] == [1]


def test_a_date_body_keeps_dates() -> None:
    assert Toy(reference="a", on=date(2016, 2, 3)).on == date(2016, 2, 3)


async def test_an_anonymous_call_is_refused_before_it_costs_a_connection(toy: httpx.AsyncClient) -> None:
    application = toy._transport.app  # type: ignore[attr-defined]
    database, application.state.database = application.state.database, None
    try:
        for method, path in (
            ("PUT", "/v1/toys/1"),
            ("GET", "/v1/freshness"),
            ("GET", "/v1/events?partition=0"),
        ):
            answer = await toy.request(method, path, json={"reference": "a"}, headers={"Authorization": ""})
            is_problem(answer, 401, code="unauthenticated")
    finally:
        application.state.database = database


@pytest.mark.parametrize("path", ["/v1/toys/1", "/v1/toys"])
async def test_a_body_beyond_its_limit_is_refused_on_every_route(toy: httpx.AsyncClient, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 1024 * 1024

    method = "POST" if path.endswith("toys") else "PUT"
    answer = await toy.request(method, path, content=endless(), headers={"Content-Type": "application/json"})
    is_problem(answer, 413, code="too_large")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"items": [' + "1," * 30_000 + "1]}", 413, "too_many_items"),
        ('{"items": [{' + ",".join(f'"k{n}": 1' for n in range(30_000)) + "}]}", 413, "too_large"),
        (json.dumps({"items": [{f"k{n}": 1 for n in range(9_000)}] * 3}), 422, "invalid_request"),
    ],
)
async def test_a_flood_of_errors_is_refused_without_spelling_it_out(
    toy: httpx.AsyncClient, body: str, status: int, code: str
) -> None:
    answer = await toy.post("/v1/toys", content=body, headers={"Content-Type": "application/json"})
    is_problem(answer, status, code=code)
    assert len(answer.content) < 2000


def test_french_typography_is_printable_and_direction_marks_are_not() -> None:
    ordinary = TypeAdapter(LongText)
    assert ordinary.validate_python("Formation\u00a0: développeur\r\nweb\u202f!")
    for mark in ("\u202e", "\u0000", "\u200b", "\u2028"):
        with pytest.raises(ValidationError):
            ordinary.validate_python(f"a{mark}b")
