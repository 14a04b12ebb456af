"""Another tenant's name is answered exactly as one that nobody has, wherever a call can name something.

On the real services with the year 2016 in them; the calls are made from the OpenAPI documents, for every operation
that holders or reporters may call.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.demo.fixture import generate
from shared.kernel.identifiers import is_siren
from tests.contracts.snapshot import app_of
from tests.fuzz.clients import SIREN as THEIRS
from tests.fuzz.good import bodies_of
from tests.fuzz.known import ids_of, known_of
from tests.security.rights import matrix
from tests.security.substitutions import NOBODYS, Call, calls_of, nobodys, normal, put
from tests.support.embedded import free_port_base
from tests.support.living_stack import SERVICES, LivingStack, living_stack

CLIENT = "holder-02"
_OF_TENANTS = (
    "siren", "siret", "holder", "mandates", "applications", "training", "sessions", "enrolments", "lots",
    "enrolment_id",
)  # fmt: skip
"""Names that belong to somebody; calls, labels, networks and indicators are everybody's."""
NAMES_NOTHING = {
    "list_calls", "list_targets", "list_definitions", "read_definition",
    "list_problems", "read_roster",
}  # fmt: skip
"""Operations of holders in which nothing of a tenant's can be named, or whose names are looked up for the caller."""


@dataclass(frozen=True)
class House:
    """The stack, and what belongs to the other holder in it."""

    stack: LivingStack
    theirs: dict[str, str]
    bodies: dict[str, list[Any]]

    async def send(self, service: str, call: Call, *, name: str, number: int) -> tuple[int, str]:
        """The answer when `name` stands where the call names something, without what differs between any two calls."""
        names = put(call, theirs=self.theirs, name=name, number=number)
        call = call.renamed(names)
        answer = await self.stack.http.request(
            call.method,
            f"{self.stack.url(service)}{call.path}",
            params=call.query,
            headers=await self.stack.headers(CLIENT),
            **({"json": call.body} if call.body is not None else {}),
        )
        return normal(answer, names)


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[House]:
    async with living_stack(state="test-tenants", port_base=free_port_base(), replayed=True) as stack:
        fixture = generate("r1")
        ids = await ids_of(stack)
        known = await known_of(stack, fixture, ids=ids)
        names = {name: known["labelling"][name][0] for name in _OF_TENANTS}
        imported = await an_import(stack)
        bodies = bodies_of(fixture, ids=ids)
        followed = bodies["push_outcomes"][0]["items"][0]["enrolment"]
        yield House(stack, names | {"import_id": imported, "enrolment_id": followed}, bodies)


async def an_import(stack: LivingStack) -> str:
    """A file of the other holder."""
    answer = await stack.http.post(
        f"{stack.url('enrolment')}/v1/holders/{THEIRS}/imports/ends",
        content=b'{"reference": "INS-1", "kind": "completed", "ended_on": "2016-06-21"}\n',
        headers=await stack.headers("holder-01") | {"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def operations(service: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Those that a holder or a reporter may call, by id: method, path, description."""
    rights = matrix()[service]
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in app_of(service).openapi()["paths"].items()
        for method, operation in methods.items()
        if {"holder", "reporter"} & set(rights[operation["operationId"]].roles)
    }


def calls(service: str, house: House) -> list[Call]:
    """Every call of a service that names something of another's."""
    return [
        call
        for name, (method, path, operation) in operations(service).items()
        if name not in NAMES_NOTHING
        for call in calls_of(
            operation, method, path=path, theirs=house.theirs, bodies=house.bodies.get(name, [])
        )
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_anothers_name_is_answered_as_nobodys(house: House, service: str) -> None:
    differ = []
    for number, call in enumerate(calls(service, house)):
        other = nobodys(call.named)
        of_nobody = await house.send(service, call, name=other, number=2 * number)
        of_theirs = await house.send(service, call, name=call.named, number=2 * number + 1)
        if of_theirs != of_nobody:
            differ.append((f"{call.operation} {call.path}: {call.named} or {other}", of_theirs, of_nobody))
    assert differ == []


@pytest.mark.parametrize("service", SERVICES)
async def test_every_operation_of_holders_and_reporters_is_among_them(house: House, service: str) -> None:
    tried = {call.operation for call in calls(service, house)}
    assert set(operations(service)) - tried - NAMES_NOTHING == set()


async def test_the_names_are_the_others_and_really_exist(house: House) -> None:
    assert is_siren(NOBODYS)
    own = await house.stack.headers("holder-01")
    for name in ("sessions", "enrolments"):
        address = f"{house.stack.url('enrolment')}/v1/holders/{THEIRS}/{name}/{house.theirs[name]}"
        assert (await house.stack.http.get(address, headers=own)).status_code == 200
