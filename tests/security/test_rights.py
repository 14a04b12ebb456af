"""Route x scope x role: the matrix is that of the code, and each of its cells is tried on the real service."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from shared.platform.topology import SPEAKERS
from tests.contracts.snapshot import RIGHTS, app_of
from tests.platform.toy import is_problem
from tests.security.rights import ROLES, Right, client_of, demanded, matrix, page, routes_of
from tests.support.cluster import Cluster
from tests.support.under_test import ServiceUnderTest, service_under_test

NOWHERE = "00000000-0000-4000-8000-000000000000"


def differences(routes: dict[str, APIRoute], rights: dict[str, Right]) -> list[str]:
    """Where the code and the matrix do not say the same."""
    found = [f"{one}: not in the matrix" for one in sorted(routes.keys() - rights.keys())]
    found += [f"{one}: no such route" for one in sorted(rights.keys() - routes.keys())]
    for operation in sorted(routes.keys() & rights.keys()):
        scopes, right = demanded(routes[operation]), rights[operation]
        if (scopes is None) != right.is_public:
            found.append(f"{operation}: {'asks nobody' if scopes is None else 'asks who calls'}")
        elif set(scopes or ()) != set(right.scopes):
            found.append(f"{operation}: demands {scopes}")
    return found


@pytest.mark.parametrize("service", SPEAKERS)
def test_the_matrix_names_every_route_with_its_scopes(service: str) -> None:
    assert differences(routes_of(app_of(service)), dict(matrix()[service])) == []


@pytest.mark.parametrize(
    ("operation", "right", "told"),
    [
        ("declare_session", None, "declare_session: not in the matrix"),
        ("no_such_thing", Right((), ("anyone",)), "no_such_thing: no such route"),
        ("declare_session", Right((), ("anyone",)), "declare_session: asks who calls"),
        ("check_alive", Right((), ("any client",)), "check_alive: asks nobody"),
        (
            "declare_session",
            Right(("enrolment:read",), ("holder",)),
            "declare_session: demands ('enrolment:write',)",
        ),
    ],
)
def test_a_route_that_is_missing_or_demands_something_else_is_told(
    operation: str, right: Right | None, told: str
) -> None:
    rights = {one: held for one, held in matrix()["enrolment"].items() if one != operation}
    if right is not None:
        rights[operation] = right
    assert differences(routes_of(app_of("enrolment")), rights) == [told]


def test_the_page_is_written_from_the_matrix() -> None:
    assert RIGHTS.read_text() == page(), "run `make openapi`, read the difference, commit both"


@pytest.fixture(params=SPEAKERS)
async def service(
    cluster: Cluster, database: str, request: pytest.FixtureRequest
) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(request.param, cluster, database=database) as running:
        yield running


async def call(client: httpx.AsyncClient, route: APIRoute) -> httpx.Response:
    """With an address that leads nowhere: what is asked is only who may come in."""
    path = route.path_format.format(**dict.fromkeys(route.param_convertors, NOWHERE))
    return await client.request(min(route.methods or ()), path)


async def test_each_role_may_do_what_the_matrix_says_and_nothing_else(service: ServiceUnderTest) -> None:
    tried = 0
    routes = routes_of(service.app)
    for role in ROLES:
        who = client_of(role)
        client = service.client(
            " ".join(who["scopes"]),
            org=who.get("org"),
            reporter=who.get("reporter"),
            aud=who["audiences"],
            sub=who["client_id"],
        )
        async with client:
            for operation, right in matrix()[service.name].items():
                answer = await call(client, routes[operation])
                judge(answer, right, role=role, named=service.name in who["audiences"])
                tried += 1
    assert tried == len(ROLES) * len(routes)


def judge(answer: httpx.Response, right: Right, *, role: str, named: bool) -> None:
    """Hold an answer against its cell."""
    where: Any = (answer.request.method, answer.request.url.path, role)
    if right.is_public or (named and right.allows(role)):
        assert answer.status_code not in {401, 403}, where
        assert answer.status_code < 500 or answer.request.url.path in {
            "/readyz",
            "/exchangez",
            "/startupz",
        }, where
    elif not named:
        is_problem(answer, 401, code="unauthenticated")
    else:
        is_problem(answer, 403, code="insufficient_scope")
        needed = " ".join(right.scopes)
        assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{needed}"', (
            where
        )


async def test_without_a_token_only_what_is_public_answers(service: ServiceUnderTest) -> None:
    async with service.client() as nobody:
        for operation, right in matrix()[service.name].items():
            answer = await call(nobody, routes_of(service.app)[operation])
            if right.is_public:
                assert answer.status_code not in {401, 403}, operation
            else:
                is_problem(answer, 401, code="unauthenticated")
                assert answer.headers["www-authenticate"] == "Bearer", operation
