"""Uploads at their limits: cut in the middle, too large, too long, cancelled meanwhile; memory stays flat."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from shared.platform.imports import turns
from shared.platform.imports.runner import Runner
from shared.platform.imports.turns import Turn
from tests.enrolment.builders import HOLDER, OTHER_HOLDER, Holder, learner, refusal
from tests.enrolment.importing import ROOT, item, runner_of, sender_of
from tests.support.importing import NDJSON, Item, ended, job_at, lines
from tests.support.under_test import ServiceUnderTest

BULK = f"{ROOT}/enrolments"
MIB = 1024 * 1024


@pytest.fixture
async def runner(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(enrolment) as one:
        yield one


@pytest.fixture
def sender(enrolment: ServiceUnderTest, holder: Holder) -> httpx.AsyncClient:
    del holder
    return sender_of(enrolment)


async def only_job(sender: httpx.AsyncClient) -> Item:
    (job,) = (await sender.get(ROOT)).json()["items"]
    found: Item = job
    return found


async def chunks_of(enrolment: ServiceUnderTest) -> int:
    return len(await enrolment.rows("SELECT number FROM enrolment.import_chunk"))


async def test_a_caller_that_goes_away_leaves_a_failed_import_and_no_byte_of_its_file(
    sender: httpx.AsyncClient, enrolment: ServiceUnderTest
) -> None:
    parts = iter([b"x" * MIB, b"y" * MIB])
    kept: list[int] = []
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        kept.append(await chunks_of(enrolment))
        part = next(parts, None)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    request = sender.build_request("POST", BULK, content=b"", headers=NDJSON)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": BULK,
        "raw_path": BULK.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("enrolment.test", 80),
    }
    await enrolment.app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's mutable mappings
    assert kept == [0, 4, 8]
    assert answers[0]["status"] == 400
    job = await only_job(sender)
    assert (job["state"], job["problem"]["code"]) == ("failed", "upload_cut")
    assert await chunks_of(enrolment) == 0
    assert (await sender.post(BULK, content=lines([item(1)]), headers=NDJSON)).status_code == 202


async def test_an_import_that_is_cancelled_while_it_is_sent_keeps_nothing(
    sender: httpx.AsyncClient, enrolment: ServiceUnderTest
) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"x" * MIB
        # In a task of its own: the content is asked for within the call that receives it.
        await asyncio.create_task(cancel())
        yield b"y" * MIB

    async def cancel() -> None:
        job = await only_job(sender)
        assert job["state"] == "receiving"
        await sender.delete(job["links"]["self"])

    assert refusal(await sender.post(BULK, content=content(), headers=NDJSON))[:2] == (409, "upload_cut")
    assert (await only_job(sender))["state"] == "cancelled"
    assert await chunks_of(enrolment) == 0


@pytest.mark.parametrize(
    ("limits", "query", "expected"),
    [
        ({"max_bytes": 100_000}, "", (413, "too_large")),
        ({"max_lines": 99}, "", (413, "too_many_lines")),
        ({"dry_run_lines": 99}, "?dry_run=true", (413, "too_many_lines")),
        ({"max_lines": 100, "dry_run_lines": 99}, "", None),
    ],
)
async def test_a_file_over_its_limits_is_refused_as_it_comes(
    sender: httpx.AsyncClient,
    enrolment: ServiceUnderTest,
    *,
    limits: dict[str, int],
    query: str,
    expected: tuple[int, str] | None,
) -> None:
    enrolment.app.state.reception = replace(enrolment.app.state.reception, **limits)

    async def content() -> AsyncIterator[bytes]:
        # Without a length announced: only the bytes received tell.
        for number in range(100):
            yield lines([item(number, learner=learner(first_names="x" * 1000))])

    answer = await sender.post(f"{BULK}{query}", content=content(), headers=NDJSON)
    job = await only_job(sender)
    if expected is None:
        assert (answer.status_code, job["lines_total"]) == (202, 100)
        return
    assert refusal(answer)[:2] == expected
    assert (job["state"], job["problem"]["code"]) == ("failed", expected[1])
    assert await chunks_of(enrolment) == 0


async def test_memory_stays_flat_however_large_the_file(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(48):
            yield (b"z" * 60_000 + b"\n") * 17 + b"w" * 20_000

    tracemalloc.start()
    try:
        answer = await sender.post(BULK, content=content(), headers=NDJSON)
        sent = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        job = await ended(sender, runner, answer=answer)
        worked = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert job["file"]["bytes"] > 47 * MIB
    assert job["counts"] == {"rejected": job["lines_total"]}
    assert (sent // (16 * MIB), worked // (24 * MIB)) == (0, 0)
    assert await chunks_of(enrolment) == 0


async def test_a_large_file_lets_the_others_have_their_turn(
    sender: httpx.AsyncClient,
    runner: Runner,
    enrolment: ServiceUnderTest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "BATCH", 10)
    monkeypatch.setattr(turns, "TURN", 2)
    large = await sender.post(BULK, content=b"{}\n" * 100, headers=NDJSON)
    other = enrolment.client("enrolment:write", org=OTHER_HOLDER)
    small = await other.post(BULK.replace(HOLDER, OTHER_HOLDER), content=b"{}\n", headers=NDJSON)
    for done, state in ((20, "received"), (20, "succeeded"), (40, "succeeded")):
        await runner.once()
        assert (await job_at(sender, large))["lines_done"] == done
        assert (await job_at(other, small))["state"] == state
    assert (await ended(sender, runner, answer=large))["counts"] == {"rejected": 100}


async def test_a_rehearsal_batch_by_batch_would_be_noticed(
    sender: httpx.AsyncClient, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plant of the test on dry runs: lines that depend on earlier batches need one transaction for all."""

    async def forgetful(self: Turn) -> None:
        progress = self.job.progress
        async for batch in self._batches(progress):
            async with self.desk.rehearsal() as tx, self.desk.transaction() as notes:
                progress = await self._do(tx, batch, progress=progress, notes=notes)

    content = lines([item(number) for number in [*range(500), *range(10)]])
    counts = []
    for way in (Turn._rehearse, forgetful):
        monkeypatch.setattr(Turn, "_rehearse", way)
        answer = await sender.post(f"{BULK}?dry_run=true", content=content, headers=NDJSON)
        counts.append((await ended(sender, runner, answer=answer))["counts"])
    assert counts == [{"created": 500, "unchanged": 10}, {"created": 510}]


def blank_and_unfinished() -> Iterator[tuple[bytes, dict[str, int]]]:
    sound = lines([item(1)]).rstrip(b"\n")
    yield b"\n\n" + sound, {"created": 1}
    yield b"\xef\xbb\xbf" + sound + b"\r\n \r\n" + sound, {"created": 1, "duplicate": 1}
    yield sound + b"\n" + b"[" * 100_000 + b"\n", {"created": 1, "rejected": 1}
    yield b"\xff\xfe{}\n\xe9\n" + sound, {"created": 1, "rejected": 2}
    yield b"NaN\nnull\n[]\n" + sound, {"created": 1, "rejected": 3}


@pytest.mark.parametrize(("content", "counts"), list(blank_and_unfinished()))
async def test_lines_of_odd_form_are_judged_one_by_one(
    sender: httpx.AsyncClient, runner: Runner, *, content: bytes, counts: dict[str, int]
) -> None:
    job = await ended(sender, runner, answer=await sender.post(BULK, content=content, headers=NDJSON))
    assert (job["state"], job["counts"]) == ("succeeded", counts)
