"""What is agreed before a route is asked: methods, types, languages, lengths."""

import httpx
import pytest

from shared.platform.edge.weights import weighted
from tests.platform.toy import is_problem
from tests.support.tokens import token

ALL = "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "FOO"])
async def test_a_method_that_a_path_lacks_is_refused_with_all_those_it_has(
    toy: httpx.AsyncClient, method: str
) -> None:
    answer = await toy.request(method, "/v1/toys")
    is_problem(answer, 405, code="method_not_allowed")
    assert answer.headers["allow"] == ALL


async def test_options_says_the_methods_to_anybody(toy: httpx.AsyncClient) -> None:
    answer = await toy.options("/v1/toys", headers={"Authorization": ""})
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, ALL, b"")
    assert (await toy.options("/v1/toys/1")).headers["allow"] == "OPTIONS, PUT"


async def test_a_method_in_a_header_changes_nothing(toy: httpx.AsyncClient) -> None:
    answer = await toy.get("/v1/toys", headers={"X-HTTP-Method-Override": "DELETE"})
    assert answer.json() == {"count": 0}


async def test_head_is_get_without_its_body(toy: httpx.AsyncClient) -> None:
    answer = await toy.head("/v1/toys")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("application/json;q=0.1, text/html", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/xml", 406),
        ("application/json;q=0, */*", 406),
        ("text/*", 406),
        ("", 200),
    ],
)
async def test_a_type_that_is_not_served_is_refused(toy: httpx.AsyncClient, accept: str, status: int) -> None:
    answer = await toy.get("/v1/toys", headers={"Accept": accept})
    assert answer.status_code == status
    if status == 406:
        (error,) = is_problem(answer, 406, code="not_acceptable")["errors"]
        assert error["expected"] == "application/json"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("en", "en"),
        ("en-GB,en;q=0.8", "en"),
        ("de, en;q=0.2", "en"),
        ("fr, en", "fr"),
        ("fr;q=0.3, en;q=0.9", "en"),
        ("en;q=0, fr;q=0", "fr"),
        ("de", "fr"),
        ("*", "fr"),
        ("en;q=x", "en"),
        ("fréquent, blended", "fr"),
        ("en," * 4000, "fr"),
    ],
)
async def test_the_language_follows_the_weights(toy: httpx.AsyncClient, asked: str, given: str) -> None:
    answer = await toy.get("/nowhere", headers=[(b"Accept-Language", asked.encode())])
    assert (answer.headers["content-language"], answer.headers["vary"]) == (given, "Accept-Language")


def test_weights_are_read_one_by_one() -> None:
    assert list(weighted("a;q=0.5, b ;Q=2,, c;level=1;q=.1")) == [("a", 0.5), ("b", 1.0), ("c", 0.1)]


async def test_what_is_too_long_is_refused_before_it_is_looked_at(toy: httpx.AsyncClient) -> None:
    is_problem(await toy.get(f"/v1/toys?at_least={'x' * 20_000}"), 414, code="uri_too_long")
    many = {f"x-{number}": "1" for number in range(200)}
    is_problem(await toy.get("/v1/toys", headers=many), 431, code="headers_too_large")
    is_problem(await toy.get("/v1/toys", headers={"x-long": "x" * 65_536}), 431, code="headers_too_large")


async def test_a_token_too_long_to_be_one_of_ours_is_refused(toy: httpx.AsyncClient) -> None:
    endless = {"Authorization": f"Bearer {token(scope='toy:write')}{'x' * 9000}"}
    is_problem(
        await toy.put("/v1/toys/1", json={"reference": "a"}, headers=endless), 401, code="unauthenticated"
    )


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-For", "Forwarded"])
async def test_a_forged_host_or_forwarder_is_repeated_nowhere(toy: httpx.AsyncClient, header: str) -> None:
    answer = await toy.get("/v1/toys?x=1", headers={header: "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    assert "evil.example" not in str(answer.headers)
