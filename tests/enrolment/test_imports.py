"""Large files of entries and ends: what a bulk call would have said, line by line, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.platform.imports import turns
from shared.platform.imports.runner import Runner
from tests.enrolment.builders import HOLDER, NIR, OTHER_HOLDER, Holder, completed, learner, refusal
from tests.enrolment.importing import ROOT, item, runner_of, sender_of
from tests.support.importing import NDJSON, ended, found, lines
from tests.support.under_test import ServiceUnderTest


@pytest.fixture
async def runner(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(enrolment) as one:
        yield one


@pytest.fixture
def sender(enrolment: ServiceUnderTest, holder: Holder) -> httpx.AsyncClient:
    del holder
    return sender_of(enrolment)


async def test_a_file_is_taken_in_and_worked_off(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(
        f"{ROOT}/enrolments", content=lines([item(n) for n in range(700)]), headers=NDJSON
    )
    taken = answer.json()
    assert (taken["state"], taken["lines_total"], taken["lines_done"]) == ("received", 700, 0)
    assert answer.headers["retry-after"]
    job = await ended(sender, runner, answer=answer)
    assert (job["state"], job["counts"], job["progress"]) == ("succeeded", {"created": 700}, 1.0)
    assert [row["count"] for row in await enrolment.rows("SELECT count(*) FROM enrolment.enrolments")] == [
        700
    ]
    assert len(await enrolment.said()) == 701


def of_every_sort() -> bytes:
    """900 lines that depend on one another across batches, with faults among them."""
    items = [item(number) for number in range(600)]
    items[3] = item(3, session="S-unknown")
    items[4] = item(4, entered_on="2016-02-30")
    # The same again, a correction, and a person who opposes: each meets what a batch before it left.
    items += [item(number) for number in range(100)]
    items += [item(number, cost_to_learner_cents=100) for number in range(100)]
    items += [
        item(1000 + number, learner=learner(reference=f"APP-{number}", search_opposed=True))
        for number in range(98)
    ]
    return lines(items) + b'{"reference": "INS-7"\n' + b'{"reference": "a", "reference": "b"}\n'


async def test_a_dry_run_gives_the_same_verdicts_and_has_no_effect(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    said = len(await enrolment.said())
    rehearsed = await ended(
        sender,
        runner,
        answer=await sender.post(f"{ROOT}/enrolments?dry_run=true", content=of_every_sort(), headers=NDJSON),
    )
    assert rehearsed["dry_run"]
    assert len(await enrolment.said()) == said
    for table in ("enrolments", "learners"):
        assert await enrolment.rows(f"SELECT * FROM enrolment.{table}") == []  # noqa: S608 - our own names
    real = await ended(
        sender,
        runner,
        answer=await sender.post(f"{ROOT}/enrolments", content=of_every_sort(), headers=NDJSON),
    )
    assert real["counts"] == rehearsed["counts"]
    assert set(real["counts"]) == {"created", "updated", "unchanged", "rejected"}
    assert await found(sender, real) == await found(sender, rehearsed)


async def test_the_error_file_tells_lines_fields_and_codes_and_no_content(
    sender: httpx.AsyncClient, runner: Runner
) -> None:
    content = (
        lines([item(1), item(2, session="S-unknown"), item(3, sesion="S-1")])
        + b"\n{\n"
        + b'{"a": "'
        + b"x" * 70_000
        + b'"}\n'
        + lines([item(4, learner=learner(birth_name=NIR))]).rstrip()
    )
    job = await ended(
        sender, runner, answer=await sender.post(f"{ROOT}/enrolments", content=content, headers=NDJSON)
    )
    assert (job["lines_total"], job["lines_done"], job["counts"]) == (6, 6, {"created": 1, "rejected": 5})
    findings = await found(sender, job)
    assert [(one["line"], one["code"], one.get("field")) for one in findings] == [
        (2, "unknown_session", "/session"),
        (3, "unknown_field", None),
        (5, "malformed_json", None),
        (6, "line_too_long", None),
        (7, "nir_refused", "/learner/birth_name"),
    ]
    assert findings[1]["expected"] == "session"
    table = await sender.get(job["links"]["errors"], headers={"Accept": "text/csv", "Accept-Language": "en"})
    assert table.content.startswith(
        b"\xef\xbb\xbfline;status;severity;field;code;message;expected\r\n2;rejected;error;/session;"
    )
    assert NIR not in table.text
    assert "xxx" not in table.text


async def test_one_import_of_a_kind_runs_at_a_time(sender: httpx.AsyncClient, runner: Runner) -> None:
    first = await sender.post(f"{ROOT}/enrolments", content=lines([item(1)]), headers=NDJSON)
    second = await sender.post(f"{ROOT}/enrolments", content=lines([item(2)]), headers=NDJSON)
    assert refusal(second) == (409, "import_running", None)
    assert second.headers["location"] == first.headers["location"]
    await ended(sender, runner, answer=first)
    third = await sender.post(f"{ROOT}/enrolments", content=lines([item(2)]), headers=NDJSON)
    assert (await ended(sender, runner, answer=third))["counts"] == {"created": 1}
    listed = (await sender.get(ROOT, params={"limit": 1})).json()
    assert [one["links"]["self"] for one in listed["items"]] == [third.headers["location"]]
    older = (await sender.get(ROOT, params={"limit": 1, "after": listed["next"]})).json()
    assert [one["links"]["self"] for one in older["items"]] == [first.headers["location"]]
    assert older["next"] is None


async def test_somebody_elses_import_is_an_unknown_one(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    mine = await sender.post(f"{ROOT}/enrolments", content=lines([item(1)]), headers=NDJSON)
    path = mine.headers["location"]
    other = enrolment.client("enrolment:write", org=OTHER_HOLDER)
    theirs = path.replace(HOLDER, OTHER_HOLDER)
    unknown = f"{theirs.rpartition('/')[0]}/5f1c2f0e-2f0b-4f0e-9b76-3a2f8a2d6f10"
    colleague = enrolment.client("enrolment:write", org=HOLDER, sub="another-client")
    for client, one in ((other, path), (other, theirs), (other, unknown), (colleague, path)):
        for answer in (await client.get(one), await client.get(f"{one}/errors"), await client.delete(one)):
            assert refusal(answer) == (404, "not_found", None)
            assert set(answer.json()) == {"type", "title", "status", "code", "instance", "request_id"}
    assert (await ended(sender, runner, answer=mine))["state"] == "succeeded"


async def test_a_file_is_kept_sealed_and_destroyed_at_the_end(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(f"{ROOT}/enrolments", content=lines([item(1)]), headers=NDJSON)
    (kept,) = await enrolment.rows("SELECT sealed FROM enrolment.import_chunk")
    assert b"Quidamme" not in kept["sealed"]
    assert b"INS-1" not in kept["sealed"]
    await ended(sender, runner, answer=answer)
    assert await enrolment.rows("SELECT * FROM enrolment.import_chunk") == []
    (job,) = await enrolment.rows("SELECT * FROM enrolment.import_job")
    assert job["wrapped_key"] is None
    assert "Quidamme" not in str(job)


async def test_a_cancelled_import_stops_and_loses_its_file(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(f"{ROOT}/enrolments", content=lines([item(1)]), headers=NDJSON)
    gone = await sender.delete(answer.headers["location"])
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    assert not await runner.once()
    assert await enrolment.rows("SELECT * FROM enrolment.import_chunk") == []
    assert (await sender.delete(answer.headers["location"])).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"{}\n", {}, (415, "unsupported_file")),
        (b"{}\n", {"Content-Type": "application/json"}, (415, "unsupported_file")),
        (b"{}\n", {"Content-Type": "application/x-ndjson; charset=utf-16"}, (415, "unsupported_file")),
        (b"{}\n", NDJSON | {"Content-Encoding": "gzip"}, (415, "unsupported_encoding")),
        (b"", NDJSON, (422, "empty_file")),
        (b"\xef\xbb\xbf\n \n", NDJSON, (422, "empty_file")),
        (b"{}\n", NDJSON | {"Content-Length": "9" * 30}, (413, "too_large")),
    ],
)
async def test_a_file_that_is_none_is_refused_at_once(
    sender: httpx.AsyncClient, content: bytes, *, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = await sender.post(f"{ROOT}/enrolments", content=content, headers=headers)
    assert refusal(answer)[:2] == expected
    for one in (await sender.get(ROOT)).json()["items"]:
        assert (one["state"], one["problem"]["code"]) == ("failed", expected[1])


async def test_ends_come_by_file_and_a_dry_run_of_them_leaves_everybody_in_training(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    await ended(
        sender,
        runner,
        answer=await sender.post(
            f"{ROOT}/enrolments", content=lines([item(n) for n in range(3)]), headers=NDJSON
        ),
    )
    content = lines(
        [completed(reference="INS-0"), completed(reference="INS-1"), completed(reference="INS-9")]
    )
    for dry_run, held in (("true", "in_training"), ("false", "completed")):
        answer = await sender.post(f"{ROOT}/ends?dry_run={dry_run}", content=content, headers=NDJSON)
        job = await ended(sender, runner, answer=answer)
        assert job["counts"] == {"accepted": 2, "rejected": 1}
        rows = await enrolment.rows("SELECT status FROM enrolment.enrolments WHERE reference = 'INS-1'")
        assert rows == [{"status": held}]


@pytest.mark.parametrize(
    ("given", "before"),
    [("/enrolment", "/enrolment"), ("//evil.example", ""), ("https://evil", ""), ("", "")],
)
async def test_addresses_are_those_of_the_proxy_in_front(
    sender: httpx.AsyncClient, *, given: str, before: str
) -> None:
    headers = NDJSON | {"X-Forwarded-Prefix": given}
    first = await sender.post(f"{ROOT}/ends", content=b"{}\n", headers=headers)
    second = await sender.post(f"{ROOT}/ends", content=b"{}\n", headers=headers)
    expected = f"{before}{ROOT}/{first.json()['id']}"
    assert [one.headers["location"] for one in (first, second)] == [expected, expected]
    assert first.json()["links"] == {"self": expected, "errors": f"{expected}/errors"}


async def test_two_workers_at_once_do_a_file_once(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(
        f"{ROOT}/enrolments", content=lines([item(n) for n in range(30)]), headers=NDJSON
    )
    async with runner_of(enrolment) as other:
        assert sorted(await asyncio.gather(runner.once(), other.once())) == [False, True]
    assert (await ended(sender, runner, answer=answer))["counts"] == {"created": 30}


async def test_findings_are_kept_up_to_a_limit_and_lines_counted_beyond_it(
    sender: httpx.AsyncClient, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_FINDINGS", 7)
    monkeypatch.setattr(turns, "MOST_OF_A_LINE", 3)
    job = await ended(
        sender, runner, answer=await sender.post(f"{ROOT}/enrolments", content=b"{}\n" * 5, headers=NDJSON)
    )
    assert (job["counts"], job["findings"]) == ({"rejected": 5}, 7)
    assert [one["line"] for one in await found(sender, job)] == [1, 1, 1, 2, 2, 2, 3]
