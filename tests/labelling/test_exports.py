"""The register as one stream: whole or visibly not, one view of the data, nothing held once it is over."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest
from starlette.types import Message

from shared.platform.edge import streams
from tests.labelling.builders import DECIDED_ON, HOLDER, OTHER_HOLDER, Scene, ok, refused

EXPORT = "/v1/register/export"
FEW = ("FORM-001", "FORM-002", "FORM-003", "FORM-004", "FORM-005")
Take = Callable[[Message], Awaitable[None]]


@pytest.fixture(autouse=True)
def two_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ROWS", 2)


async def exported(scene: Scene, accept: str = "*/*", **query: str) -> httpx.Response:
    answer = await scene.public.get(EXPORT, params={"on": "2016-12-31", **query}, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    return answer


def parted(answer: httpx.Response) -> tuple[list[dict[str, Any]], bool]:
    """The records, and whether the last line vouches for them."""
    *lines, last = answer.content.splitlines(keepends=True)
    end = json.loads(last).get("end")
    whole = end == {"count": len(lines), "sha256": sha256(b"".join(lines)).hexdigest()}
    return [json.loads(line) for line in lines], whole


async def test_the_records_are_those_of_the_list_and_the_last_one_vouches_for_them(scene: Scene) -> None:
    await scene.label(*FEW)
    listed = await ok(scene.public.get("/v1/register", params={"on": "2016-12-31"}))
    answer = await exported(scene)
    assert parted(answer) == (listed["items"], True)
    assert len(listed["items"]) == len(FEW)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="register.ndjson"'


async def test_filters_and_refusals_are_those_of_the_list(scene: Scene) -> None:
    await scene.label(*FEW)
    assert len(parted(await exported(scene, holder=HOLDER, status="active"))[0]) == len(FEW)
    assert parted(await exported(scene, holder=OTHER_HOLDER)) == ([], True)
    assert (await refused(scene.public.get(f"{EXPORT}?regoin=11"), status=400))[0] == "unknown_parameter"
    html = scene.public.get(EXPORT, headers={"Accept": "application/json"})
    assert (await refused(html, status=406))[0] == "not_acceptable"


async def test_a_table_has_a_column_for_each_member_and_no_formula(scene: Scene) -> None:
    await scene.label("FORM-001", title="=HYPERLINK(1)")
    answer = await exported(scene, "text/csv")
    before, mark, last = answer.content.rpartition(b"#end;")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (mark + last).decode() == f"#end;1;{sha256(before).hexdigest()}\r\n"
    (record,) = csv.DictReader(before.decode("utf-8-sig").splitlines(), delimiter=";")
    assert record["title"] == "'=HYPERLINK(1)"
    assert record["holder.siren"] == HOLDER
    assert record["site.region"] == "11"
    assert record["decided_on"] == DECIDED_ON
    assert json.loads(record["approaches"]) == ["practice", "project_based"]


async def asgi(scene: Scene, send: Take, *, gone: asyncio.Event) -> None:
    """The call as a server makes it, so that the test holds the client's end."""

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": EXPORT,
        "raw_path": EXPORT.encode(),
        "root_path": "",
        "query_string": b"on=2016-12-31",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("labelling.test", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    await scene.service.app(scope, receive, send)


async def test_a_client_that_leaves_midway_gives_back_connection_and_place(scene: Scene) -> None:
    await scene.label(*FEW)
    gone, sent = asyncio.Event(), []
    pool = scene.service.app.state.database.engine.pool

    async def send(message: Message) -> None:
        sent.append(message)
        if b"FORM" in message.get("body", b""):
            assert pool.checkedout() == 1
            gone.set()
            await asyncio.Event().wait()

    await asyncio.wait_for(asgi(scene, send, gone=gone), 5)
    assert pool.checkedout() == 0
    assert not scene.service.app.state.streams.locked()
    assert all(b'"end"' not in message.get("body", b"") for message in sent)
    open_ones = await scene.service.rows(
        "SELECT 1 AS one FROM pg_stat_activity WHERE usename = 'labelling_api' AND state LIKE '%transaction%'"
        " AND datname = current_database()"
    )
    assert open_ones == []


async def test_what_is_written_meanwhile_is_not_in_the_stream(scene: Scene) -> None:
    await scene.label(*FEW[:3])
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if b"FORM" in sent[-1] and len(sent) < 4:
            await scene.label(*FEW[3:])

    await asgi(scene, send, gone=asyncio.Event())
    assert b"".join(sent).count(b'"reference":"FORM') == 3
    assert json.loads(b"".join(sent).splitlines()[-1])["end"]["count"] == 3


async def test_a_stream_that_fails_midway_has_no_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.label(*FEW)
    sent: list[bytes] = []
    monkeypatch.setattr(streams, "LONGEST", -1.0)

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    await asgi(scene, send, gone=asyncio.Event())
    assert b"end" not in b"".join(sent)
    assert scene.service.app.state.database.engine.pool.checkedout() == 0


async def test_one_stream_too_many_is_told_to_wait(scene: Scene) -> None:
    places: asyncio.Semaphore = scene.service.app.state.streams
    async for _ in taken(places):
        assert (await refused(scene.public.get(EXPORT), status=503))[0] == "busy"
    await exported(scene)


async def taken(places: asyncio.Semaphore) -> AsyncIterator[None]:
    for _ in range(streams.STREAMS):
        await places.acquire()
    yield
    for _ in range(streams.STREAMS):
        places.release()
