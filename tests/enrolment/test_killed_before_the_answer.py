"""A real service is killed after a commit and before its answer: who asks again is told what was done, once."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.events.enrolment import EnrolmentEntered
from tests.enrolment.builders import HOLDER, Holder, label, session
from tests.enrolment.importing import item
from tests.support.cluster import PROJECT, free_port
from tests.support.tokens import ISSUER, signing_key, token
from tests.support.under_test import ServiceUnderTest

ROOT = f"/v1/holders/{HOLDER}"
MANY: dict[str, Any] = {"items": [item(number) for number in range(700)]}


class _Issuer(BaseHTTPRequestHandler):
    """The test issuer's public keys, for a process of its own."""

    def do_GET(self) -> None:
        body = json.dumps({"keys": [signing_key().as_dict(private=False)]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the standard library
        """Without a word."""


@pytest.fixture(scope="module")
def keys_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Issuer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks"
        server.shutdown()


@pytest.fixture
async def enrolled(enrolment: ServiceUnderTest) -> ServiceUnderTest:
    """A labelled training; its session too, for those who want to enter."""
    await enrolment.hear(label())
    await Holder(enrolment).put("sessions/S-1", session())
    return enrolment


@asynccontextmanager
async def living(
    command: tuple[str, ...], *, beside: ServiceUnderTest, keys_url: str
) -> AsyncIterator[tuple[httpx.AsyncClient, "subprocess.Popen[bytes]"]]:
    """Enrolment as a process that only answers, on the same database; and a holder's client to it."""
    port = free_port()
    settings = {
        "ENVIRONMENT": "test",
        "ROLES": "api",
        "PORT": str(port),
        "DATABASE_URL": beside.cluster.url(beside.database_name, role="enrolment_api"),
        "WORKER_DATABASE_URL": beside.cluster.url(beside.database_name, role="enrolment_worker"),
        "ISSUER": ISSUER,
        "JWKS_URL": keys_url,
        "LOG_LEVEL": "ERROR",
    }
    environment = dict(os.environ) | {f"ENROLMENT_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, before anything is asked
        [sys.executable, "-m", *command, "enrolment"], cwd=PROJECT, env=environment
    )
    bearer = token(scope="enrolment:write enrolment:read enrolment:backfill", org=HOLDER)
    headers = {"Authorization": f"Bearer {bearer}"}
    try:
        transport = httpx.AsyncHTTPTransport(retries=8)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", transport=transport, headers=headers, timeout=30
        ) as client:
            yield client, process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("commits", [1, 2])
async def test_a_lot_that_died_unanswered_is_done_once_and_told_whole(
    enrolled: ServiceUnderTest, keys_url: str, commits: int
) -> None:
    key = {"Idempotency-Key": f'"{uuid4()}"'}
    async with living(("tests.support.mortal", str(commits)), beside=enrolled, keys_url=keys_url) as (
        client,
        process,
    ):
        with pytest.raises(httpx.TransportError):
            await client.post(f"{ROOT}/enrolments", json=MANY, headers=key)
        assert process.wait(10) == -9
    (written,) = await enrolled.rows("SELECT count(*) FROM enrolment.enrolments")
    assert written["count"] == (500 if commits == 1 else 700)
    async with living(("shared.platform.serve",), beside=enrolled, keys_url=keys_url) as (client, _):
        again = [await client.post(f"{ROOT}/enrolments", json=MANY, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in again] == [207, 207]
    assert again[0].content == again[1].content
    results = again[0].json()["results"]
    assert [result["reference"] for result in results] == [each["reference"] for each in MANY["items"]]
    assert {result["status"] for result in results} == {"created"}
    (written,) = await enrolled.rows("SELECT count(*) FROM enrolment.enrolments")
    (said,) = await enrolled.rows(
        "SELECT count(*), count(DISTINCT aggregate_id) AS of FROM enrolment.event_log WHERE type = $1",
        EnrolmentEntered.TYPE,
    )
    assert (written["count"], said["count"], said["of"]) == (700, 700, 700)


async def test_a_put_that_died_unanswered_is_done_once(enrolled: ServiceUnderTest, keys_url: str) -> None:
    async with living(("tests.support.mortal", "1"), beside=enrolled, keys_url=keys_url) as (client, process):
        with pytest.raises(httpx.TransportError):
            await client.put(f"{ROOT}/sessions/S-2", json=session())
        assert process.wait(10) == -9
    before = await enrolled.said()
    async with living(("shared.platform.serve",), beside=enrolled, keys_url=keys_url) as (client, _):
        again = await client.put(f"{ROOT}/sessions/S-2", json=session())
        seen = await client.get(f"{ROOT}/sessions/S-2")
    assert again.is_success
    assert again.json()["verdict"] == "unchanged"
    assert seen.json() == again.json() | {"verdict": None}
    assert await enrolled.said() == before
