"""What no route takes, sent to each route of the four real services that it could be sent to."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from shared.platform.topology import SPEAKERS
from tests.platform.test_strict_reading import UNREADABLE
from tests.platform.toy import SECRET, is_problem
from tests.security.rights import ROLES, client_of, matrix, routes_of
from tests.support.cluster import Cluster
from tests.support.under_test import ServiceUnderTest, service_under_test

NOWHERE = "00000000-0000-4000-8000-000000000000"
JSON = {"Content-Type": "application/json"}
NAMES = {"siren": "000000018", "siret": "00000001800010", "request_id": "1"}


def address(route: APIRoute, **names: str) -> str:
    """Where nothing is, in the form of what could be there."""
    given = {
        name: NAMES.get(name, NOWHERE if name.endswith("_id") else "X-1") for name in route.param_convertors
    }
    return route.path_format.format(**given | names)


def method_of(route: APIRoute) -> str:
    return min(route.methods or ())


@pytest.fixture(params=SPEAKERS)
async def service(
    cluster: Cluster, database: str, request: pytest.FixtureRequest
) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(request.param, cluster, database=database) as running:
        yield running


def routes(service: ServiceUnderTest, *, taking: str | None = None) -> Iterator[tuple[str, APIRoute]]:
    """The operations, or those whose body is of a media type, with their routes."""
    paths = service.app.openapi()["paths"]
    for operation, route in routes_of(service.app).items():
        described = paths.get(route.path_format, {}).get(method_of(route).lower(), {})
        if taking is None or taking in described.get("requestBody", {}).get("content", {}):
            yield operation, route


def client(service: ServiceUnderTest, operation: str) -> httpx.AsyncClient:
    """Of the first role that may call."""
    right = matrix()[service.name][operation]
    who = client_of(next(role for role in ROLES if right.allows(role)))
    return service.client(" ".join(who["scopes"]), org=who.get("org"), reporter=who.get("reporter"))


async def test_a_body_that_cannot_be_read_is_refused_by_name_on_every_route(
    service: ServiceUnderTest,
) -> None:
    tried = 0
    for operation, route in routes(service, taking="application/json"):
        async with client(service, operation) as caller:
            for case, (content, status, code) in UNREADABLE.items():
                answer = await caller.request(method_of(route), address(route), content=content, headers=JSON)
                assert (answer.status_code, answer.json()["code"]) == (status, code), (operation, case)
                tried += 1
    assert tried >= 2 * len(UNREADABLE)


async def test_a_body_of_another_kind_is_refused_on_every_route(service: ServiceUnderTest) -> None:
    others: list[dict[str, str]] = [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        JSON | {"Content-Encoding": "gzip"},
    ]
    for operation, route in routes(service, taking="application/json"):
        async with client(service, operation) as caller:
            for headers in others:
                answer = await caller.request(
                    method_of(route), address(route), content=b"{}", headers=headers
                )
                assert answer.status_code == 415, (operation, headers)


async def test_an_unknown_field_is_refused_and_not_repeated_on_every_route(service: ServiceUnderTest) -> None:
    for operation, route in routes(service, taking="application/json"):
        async with client(service, operation) as caller:
            answer = await caller.request(method_of(route), address(route), json={SECRET: SECRET})
        assert answer.status_code == 422, operation
        assert "unknown_field" in {error["code"] for error in answer.json()["errors"]}, operation
        assert SECRET not in answer.text


async def test_a_parameter_nobody_declared_and_a_nul_are_refused_on_every_route(
    service: ServiceUnderTest,
) -> None:
    for operation, route in routes(service):
        # Probes and pages of problems are asked by machines and browsers, which add what they like.
        if route.path_format.startswith("/v1/"):
            async with client(service, operation) as caller:
                for query in (f"?{SECRET}=1", "?regoin=%00"):
                    answer = await caller.request(method_of(route), address(route) + query)
                    is_problem(answer, 400, code="unknown_parameter")


async def test_odd_bytes_in_a_path_are_nobodys_name_on_every_route(service: ServiceUnderTest) -> None:
    for operation, route in routes(service):
        for name in route.param_convertors:
            async with client(service, operation) as caller:
                for bytes_ in ("%00", "%FF", "%C0%AF", "%E2%80%AE", "2147483648", "x" * 3000):
                    answer = await caller.request(method_of(route), address(route, **{name: bytes_}))
                    assert answer.status_code in {400, 404, 415, 422}, (operation, name, bytes_)


async def test_another_method_is_refused_with_those_there_are_on_every_path(
    service: ServiceUnderTest,
) -> None:
    by_path: dict[str, set[str]] = {}
    for _, route in routes(service):
        by_path.setdefault(address(route), set()).update(route.methods or ())
    async with service.client() as nobody:
        for path, methods in by_path.items():
            for odd in ("TRACE", "FOO", "PATCH"):
                answer = await nobody.request(odd, path)
                is_problem(answer, 405, code="method_not_allowed")
                assert set(answer.headers["allow"].split(", ")) >= methods, path


async def test_two_tokens_or_another_scheme_are_no_token_on_every_route(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.app.state.limits, "_failures", 10_000)
    odd: list[Any] = [[("Authorization", "Basic eDp5")], [("Authorization", "Bearer ")]]
    odd.append([("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer a.b.c")])
    async with service.client() as nobody:
        for operation, route in routes(service):
            if matrix()[service.name][operation].is_public:
                continue
            for headers in odd:
                answer = await nobody.request(method_of(route), address(route), headers=headers)
                is_problem(answer, 401, code="unauthenticated")
                assert answer.headers["www-authenticate"].startswith("Bearer"), operation
