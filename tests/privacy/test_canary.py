"""Identities are planted in every field, path, header and body of a running stack, then looked for everywhere else.

The one place where they may be is the table of learners, and what its owner reads back from it.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.embedded import free_port_base
from tests.support.living_stack import SERVICES, LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training

NAME, FIRST, USUAL = "Canarivière", "Serinette", "Pinsonnelle"
EMAIL, PHONE, NUMBER = "canari.planted@example.org", "+33655512345", "00087654321"
NIR = "295109912611193"
CANARIES = (NAME, FIRST, USUAL, "canari.planted", "655512345", NUMBER, NIR)
"""As they are sent; each is also looked for escaped, in any case, and without its accents."""
OPENAPI = Path(__file__).resolve().parents[1] / "contracts" / "openapi"
HOMES = {"enrolment.learners"}
CLIENTS = {
    "labelling": HOLDER,
    "enrolment": HOLDER,
    "followup": "france-travail",
    "indicators": "statistician",
}
LEARNER = {
    "reference": "L-1",
    "birth_name": NAME,
    "usual_name": USUAL,
    "first_names": FIRST,
    "birth_date": "1990-05-17",
    "sex": "female",
    "email": EMAIL,
    "phone": PHONE,
    "france_travail_number": NUMBER,
}


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[LivingStack]:
    async with living_stack(state="test-canary", port_base=free_port_base(), traces=True) as running:
        yield running


def forms() -> re.Pattern[bytes]:
    """Any canary, as UTF-8, as JSON escapes it, as a URL does, or stripped of its accents."""
    found = set()
    for word in CANARIES:
        found |= {word.encode(), word.upper().encode(), json.dumps(word)[1:-1].encode()}
        found.add(word.encode("ascii", "ignore"))
        found.add("".join(f"%{byte:02X}" if byte > 127 else chr(byte) for byte in word.encode()).encode())
    return re.compile(b"|".join(map(re.escape, sorted(found))), re.IGNORECASE)


FORMS = forms()


def leaks(content: bytes) -> list[bytes]:
    return FORMS.findall(content)


def planted(schema: dict[str, Any], document: dict[str, Any], *, depth: int = 0) -> Any:
    """A body of the schema's shape in which every text is a canary."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return planted(schema[choice][0], document, depth=depth)
    if schema.get("type") == "object" and depth < 6:
        return {
            name: planted(inner, document, depth=depth + 1)
            for name, inner in schema.get("properties", {}).items()
        }
    if schema.get("type") == "array":
        return [planted(schema.get("items", {}), document, depth=depth + 1)]
    return f"{NAME} {NIR} {EMAIL}"


async def attempts(stack: LivingStack, service: str) -> AsyncIterator[httpx.Response]:
    """Every operation, with canaries in its path, query, headers and body; then bodies that cannot be read."""
    headers = await stack.headers(CLIENTS[service])
    document = json.loads((OPENAPI / f"{service}.json").read_text())
    for template, methods in document["paths"].items():
        path = re.sub(r"{[^}]+}", f"{NAME}-{NIR}", template)
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            strange = headers | {
                "x-request-id": NIR,
                "user-agent": EMAIL,
                "accept-language": EMAIL,
                "if-match": NIR,
            }
            url = f"{stack.url(service)}{path}"
            yield await stack.http.request(
                method,
                url,
                params={"q": EMAIL, "purpose": f"{FIRST} {NIR}", "after": NAME, NAME.lower(): NIR},
                headers=strange,
                json=planted(schema, document) if schema else None,
            )
            if schema:
                unread = f'{{"birth_name": "{NAME}", "email": {EMAIL}'.encode()
                typed = headers | {"content-type": "application/json"}
                yield await stack.http.request(method, url, headers=typed, content=unread)
                yield await stack.http.request(
                    method, url, headers=headers | {"content-type": EMAIL}, content=unread
                )


async def test_no_identity_leaves_its_table(stack: LivingStack) -> None:
    await label_a_training(stack, on=date(2016, 2, 3), session_end=date(2016, 6, 3))
    holder = await stack.headers(HOLDER)
    own = f"{stack.url('enrolment')}/v1/holders/{SIREN}"
    entry = {"session": "S-1", "learner": LEARNER, "entered_on": "2016-02-03"}
    entered = await stack.http.put(f"{own}/enrolments/E-1", headers=holder, json=entry)
    assert entered.is_success, entered.text
    assert leaks(entered.content) == []
    items = [entry | {"reference": NIR}, entry | {"reference": "E-2", "entered_on": NAME}]
    refused = await stack.http.post(f"{own}/enrolments", headers=holder, json={"items": items})
    assert refused.json()["summary"] == {"rejected": 2}
    assert leaks(refused.content) == []
    await import_a_file(stack, f"{own}/imports/enrolments", items=[entry | {"reference": "E-3"}, *items])
    file = await stack.http.get(f"{own}/enrolments/E-1", headers=holder)
    assert leaks(file.content), "planted, or nothing is proved"
    errors = {}
    for service in SERVICES:
        async for answer in attempts(stack, service):
            if answer.request.url.path != "/exchangez":  # its 503 says that listeners were just started
                assert answer.status_code < 500, answer.text
            if answer.is_error and (found := leaks(answer.content)):
                errors[answer.request.method, answer.request.url.path] = found
    assert errors == {}
    await everything_heard(stack, entered.headers["tremplin-position"])
    for service in SERVICES:
        assert leaks((await stack.http.get(f"{stack.url(service)}/metrics")).content) == []
    assert {str(path): leaks(path.read_bytes()) for path in written(stack) if leaks(path.read_bytes())} == {}
    assert await tables_with_a_canary(stack) == HOMES


async def import_a_file(stack: LivingStack, url: str, *, items: list[dict[str, Any]]) -> None:
    """The same by file: neither the answers nor the error file say what it holds."""
    headers = await stack.headers(HOLDER)
    content = "".join(json.dumps(item) + "\n" for item in items).encode()
    sent = headers | {"content-type": "application/x-ndjson"}
    answer = await stack.http.post(url, headers=sent, content=content)
    root = f"{stack.url('enrolment')}"
    async with asyncio.timeout(20):
        while (job := answer.json())["state"] not in {"succeeded", "failed"}:
            assert leaks(answer.content) == []
            await asyncio.sleep(0.1)
            answer = await stack.http.get(f"{root}{job['links']['self']}", headers=headers)
    assert job["counts"] == {"created": 1, "rejected": 2}
    errors = await stack.http.get(f"{root}{job['links']['errors']}", headers=headers | {"accept": "text/csv"})
    assert errors.text.count("\r\n") == 3
    assert leaks(answer.content + errors.content) == []


async def everything_heard(stack: LivingStack, position: str) -> None:
    """Until the last listener has applied it and its spans are written."""
    for service, client in (("followup", "france-travail"), ("indicators", "statistician")):
        headers = await stack.headers(client)
        async with asyncio.timeout(20):
            while True:
                url = f"{stack.url(service)}/v1/freshness"
                answer = await stack.http.get(url, params={"at_least": position}, headers=headers)
                if answer.is_success:
                    break
                await asyncio.sleep(0.1)
    await asyncio.sleep(1.5)


def written(stack: LivingStack) -> Iterator[Path]:
    """Logs and spans of every process, and what the broker stores."""
    yield from (path for path in (stack.folder / "logs").iterdir() if path.is_file())
    yield from (path for path in (stack.folder / "nats").rglob("*") if path.is_file())


async def tables_with_a_canary(stack: LivingStack) -> set[str]:
    password = json.loads((stack.folder / "secrets.json").read_text())["postgres"]
    port = stack.port_base + 1 + len(SERVICES)
    connection = await asyncpg.connect(
        host="127.0.0.1", port=port, user="postgres", password=password, database="tremplin"
    )
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = ANY($1)",
            SERVICES,
        )
        found = set()
        for table in tables:
            rows = await connection.fetch(f"SELECT CAST(t AS text) AS row FROM {table['name']} t")  # noqa: S608
            if leaks("\n".join(row["row"] for row in rows).encode()):
                found.add(table["name"])
        return found
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "form", [NAME, NAME.upper(), json.dumps(NAME), "Canarivire", "Canarivi%C3%A8re", "x 295109912611193"]
)
def test_the_search_finds_what_is_planted(form: str) -> None:
    assert leaks(f'{{"event": "x", "detail": "{form}"}}'.encode())
