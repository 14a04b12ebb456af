"""From the tables to the archive and back: exported whole or not at all, dropped when everybody may spare it."""

import asyncio
import contextlib
import gzip
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from shared.platform.exchange.log_archive import Archive, BadArchive
from shared.platform.exchange.log_export import DropRefused, Exporter
from shared.platform.exchange.log_keeping import LogKeeper
from shared.platform.operators.__main__ import main as operate
from shared.platform.topology import PARTITIONS
from tests.platform.keeping import Keeping
from tests.platform.test_archive_files import rewrite
from tests.platform.test_event_log import target
from tests.support.cluster import PROJECT


async def refused(keeping: Keeping, day: date) -> str:
    with pytest.raises(DropRefused) as refusal:
        await keeping.exporter.drop(day)
    return refusal.value.reason


async def test_a_dropped_day_reads_as_before(keeping: Keeping) -> None:
    today = await keeping.next_day(0)
    await keeping.say(*range(200))
    await keeping.next_day()
    await keeping.say(*range(100), version=2)
    before = await keeping.read()
    assert await keeping.export() == 200
    await keeping.everybody_has_heard()
    await keeping.exporter.drop(today)
    assert await keeping.labelling.rows("SELECT count(*) AS n FROM labelling.event_log") == [{"n": 100}]
    assert await keeping.read() == before
    for after in (1, 5, 11, 12, 13):
        assert await keeping.read(after=after) == [one for one in before if one.sequence > after]


async def test_a_file_is_the_feed_line_by_line(keeping: Keeping) -> None:
    await keeping.say(*range(50))
    await keeping.next_day()
    await keeping.export()
    written = b"".join(gzip.decompress(path.read_bytes()) for path in keeping.files())
    assert written.decode().splitlines() == [envelope.to_json() for envelope in await keeping.read()]
    assert all(path.name.startswith("p") for path in keeping.files())


async def test_the_day_under_way_is_not_exported(keeping: Keeping) -> None:
    await keeping.say(*range(50))
    assert await keeping.export() == 0
    assert keeping.files() == []


async def test_an_append_that_waits_while_its_day_is_closed_goes_to_the_next(keeping: Keeping) -> None:
    await keeping.say(1)
    async with keeping.worker.transaction() as slow:
        slow.speak(target(1, 2))
        # Numbered, and not committed: closing has to wait for it.
        await keeping.worker._log(slow)
        slow.spoken.clear()
        await keeping.next_day()
        closing = asyncio.create_task(keeping.exporter.close_days())
        await asyncio.sleep(0.1)
        assert not closing.done()
    await closing
    assert await keeping.export() == 2
    await keeping.say(1, version=3)
    assert [run.last_seq for run in await keeping.exporter.unexported()] == []
    await keeping.next_day()
    assert await keeping.export() == 1


async def test_several_replicas_export_the_same(keeping: Keeping) -> None:
    await keeping.say(*range(100))
    await keeping.next_day()
    others = [Exporter(keeping.worker, Archive(keeping.folder)) for _ in range(3)]
    await asyncio.gather(*(other.close_days() for other in others))
    await asyncio.gather(*(other.export() for other in others))
    assert len(keeping.files()) == PARTITIONS
    assert sum(one.contents.events for one in await keeping.exporter.exported()) == 100
    assert list(keeping.folder.rglob(".*")) == []
    for exported in await keeping.exporter.exported():
        await keeping.exporter.check(exported)


async def test_a_file_of_another_story_is_kept_aside(keeping: Keeping) -> None:
    await keeping.say(*range(100))
    await keeping.next_day()
    await keeping.export()
    first, second = keeping.files()[:2]
    # A log that was set back has no record of what it exported.
    first.write_bytes(second.read_bytes())
    await keeping.labelling.rows("TRUNCATE labelling.log_archive")
    assert await keeping.export() == 100
    assert len(keeping.files()) == PARTITIONS + 1
    (aside,) = keeping.folder.rglob("*.replaced-*")
    assert aside.read_bytes() == second.read_bytes()


async def test_an_export_that_is_killed_at_any_point_is_finished_by_the_next(keeping: Keeping) -> None:
    for version in range(1, 9):
        await keeping.say(*range(500), version=version)
    await keeping.next_day()
    await keeping.exporter.close_days()
    before = await keeping.read()
    for files in (2, 5):
        process = await asyncio.create_subprocess_exec(
            sys.executable, *("-m", "shared.platform.operators", "archive", "labelling", "export"),
            cwd=PROJECT, env=os.environ | keeping.environment(), stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(30):
            while len(keeping.files()) < files and process.returncode is None:
                await asyncio.sleep(0.001)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
    assert len(await keeping.exporter.exported()) < PARTITIONS
    await keeping.exporter.export()
    assert sum(one.contents.events for one in await keeping.exporter.exported()) == 4000
    for exported in await keeping.exporter.exported():
        await keeping.exporter.check(exported)
    assert await keeping.read() == before


async def test_a_log_with_a_hole_is_not_exported(keeping: Keeping) -> None:
    await keeping.say(*range(100))
    await keeping.next_day()
    await keeping.labelling.rows("DELETE FROM labelling.event_log WHERE partition = 3 AND seq = 2")
    assert await keeping.export() < 100
    assert [run.partition for run in await keeping.exporter.unexported()] == [3]
    assert [path for path in keeping.files() if path.name.startswith("p03")] == []


async def test_a_day_that_holds_more_than_its_run_is_not_exported(keeping: Keeping) -> None:
    await keeping.say(*range(100))
    await keeping.next_day()
    await keeping.labelling.rows(
        "INSERT INTO labelling.event_log (partition, seq, day, event_id, type, aggregate_id, aggregate_version, data)"
        " SELECT partition, seq + 900, day, uuidv7(), type, aggregate_id, aggregate_version, data"
        " FROM labelling.event_log WHERE partition = 3 LIMIT 1"
    )
    assert await keeping.export() < 100
    assert [run.partition for run in await keeping.exporter.unexported()] == [3]


async def test_a_day_stays_while_anybody_may_still_want_it(keeping: Keeping) -> None:
    today = await keeping.next_day(0)
    await keeping.say(*range(100))
    assert await refused(keeping, today) == "day_not_closed"
    await keeping.next_day()
    await keeping.exporter.close_days()
    assert await refused(keeping, today) == "not_archived"
    await keeping.export()
    assert await refused(keeping, today) == "listener_behind"
    await keeping.everybody_has_heard()
    await keeping.labelling.rows(
        "UPDATE labelling.heard_position SET last_seq = last_seq - 1 WHERE listener = 'followup' AND partition = 9"
    )
    assert await refused(keeping, today) == "listener_behind"
    await keeping.labelling.rows(
        "DELETE FROM labelling.heard_position WHERE listener = 'followup' AND partition = 9"
    )
    assert await refused(keeping, today) == "listener_behind"
    await keeping.labelling.rows("DELETE FROM labelling.heard_position WHERE listener = 'followup'")
    assert await refused(keeping, today) == "listener_unknown"
    await keeping.exporter.register_listeners()
    assert await refused(keeping, today) == "listener_behind"
    await keeping.everybody_has_heard()
    await keeping.labelling.rows(
        "UPDATE labelling.relay_cursor SET published_through = 0 WHERE partition = 9"
    )
    assert await refused(keeping, today) == "not_published"
    await keeping.everybody_has_heard()
    assert await refused(keeping, today + timedelta(days=900)) == "no_such_day"
    await keeping.exporter.drop(today)


async def test_only_the_beginning_of_the_log_is_dropped(keeping: Keeping) -> None:
    await keeping.say(*range(100))
    second = await keeping.next_day()
    await keeping.say(*range(100), version=2)
    await keeping.next_day()
    await keeping.export()
    await keeping.everybody_has_heard()
    assert await refused(keeping, second) == "earlier_day_held"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "file_missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "file_damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0"), "file_damaged"),
        (lambda path: path.write_bytes(b""), "file_empty"),
        (lambda path: rewrite(path, drop=2), "file_not_contiguous"),
        (lambda path: rewrite(path, drop=-1), "file_other_contents"),
        (lambda path: rewrite(path, swap=True), "file_not_contiguous"),
        (lambda path: rewrite(path, value=7), "file_other_contents"),
    ],
)
async def test_a_day_stays_unless_its_files_are_sound(keeping: Keeping, damage: Any, reason: str) -> None:
    today = await keeping.next_day(0)
    await keeping.say(*range(100))
    await keeping.next_day()
    await keeping.export()
    await keeping.everybody_has_heard()
    damage(keeping.files()[3])
    assert await refused(keeping, today) == reason
    assert len(await keeping.read()) == 100


async def test_a_dropped_day_whose_file_went_is_an_error_and_no_end(keeping: Keeping) -> None:
    today = await keeping.next_day(0)
    await keeping.say(*range(100))
    await keeping.next_day()
    await keeping.say(*range(100), version=2)
    await keeping.export()
    await keeping.everybody_has_heard()
    await keeping.exporter.drop(today)
    rewrite(keeping.files()[0], drop=2)
    with pytest.raises(BadArchive, match="not_contiguous"):
        await keeping.read()
    keeping.files()[0].unlink()
    with pytest.raises(BadArchive, match="missing"):
        await keeping.read()


async def test_the_feed_answers_from_archive_and_tables(keeping: Keeping) -> None:
    today = await keeping.next_day(0)
    await keeping.say(*range(60))
    await keeping.next_day()
    await keeping.say(*range(60), version=2)
    before = await keeping.read()
    await keeping.export()
    await keeping.everybody_has_heard()
    await keeping.exporter.drop(today)
    keeping.labelling.app.state.archive = keeping.archive
    async with keeping.labelling.client("events:feed") as client:
        answers = [
            await client.get("/v1/events", params={"partition": partition}) for partition in range(PARTITIONS)
        ]
        assert [line for answer in answers for line in answer.text.splitlines()] == [
            envelope.to_json() for envelope in before
        ]
        keeping.labelling.app.state.archive = None
        answer = await client.get("/v1/events", params={"partition": 0})
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unreadable")


async def test_by_default_nothing_is_dropped_and_when_wanted_the_old_days_are(keeping: Keeping) -> None:
    for version in range(1, 6):
        await keeping.say(*range(40), version=version)
        await keeping.next_day()
    await LogKeeper(keeping.worker, keeping.exporter, keep_days=None).keep()
    await keeping.everybody_has_heard()
    await LogKeeper(keeping.worker, keeping.exporter, keep_days=None).keep()
    assert {one.dropped_at for one in await keeping.exporter.exported()} == {None}
    before = await keeping.read()
    await LogKeeper(keeping.worker, keeping.exporter, keep_days=2).keep()
    dropped = {one.run.day for one in await keeping.exporter.exported() if one.dropped_at}
    assert len(dropped) == 3
    assert await keeping.read() == before


@pytest.fixture
def operating(
    keeping: Keeping, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[tuple[int, list[str]]]]:
    """The operators' command: its exit code, and the lines it prints."""
    for name, value in keeping.environment().items():
        monkeypatch.setenv(name, value)

    async def operating(*words: str) -> tuple[int, list[str]]:
        code = await asyncio.to_thread(operate, ["archive", "labelling", *words])
        return code, capsys.readouterr().out.splitlines()

    return operating


async def test_an_operator_exports_lists_verifies_and_drops(
    keeping: Keeping,
    operating: Callable[..., Awaitable[tuple[int, list[str]]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    today = await keeping.next_day(0)
    await keeping.say(*range(100))
    await keeping.next_day()
    await keeping.say(*range(100), version=2)
    await LogKeeper(keeping.worker, None, keep_days=None).plan()
    assert await operating("export") == (
        0,
        ["exported 100 events in 16 files; 0 runs could not be exported"],
    )
    assert await operating("drop", "--day", str(today)) == (1, [f"refused: {today}: listener_behind"])
    await keeping.everybody_has_heard()
    assert await operating("drop", "--day", str(today)) == (0, [f"{today} is in the archive only"])
    await keeping.next_day()
    await operating("export")
    assert await operating("list") == (
        0,
        [
            f"{today}  16 files         100 events  archive only",
            f"{today + timedelta(days=1)}  16 files         100 events  archive and tables",
            "2 days; 0 closed runs wait for their export",
        ],
    )
    assert await operating("verify") == (0, ["32 files read, 0 faults"])
    # Two sound files in one another's place.
    first, second = (keeping.folder / f"labelling/{today}/p{number:02d}.ndjson.gz" for number in (3, 4))
    first.write_bytes(second.read_bytes())
    assert await operating("verify") == (
        1,
        [f"labelling/{today}/p03.ndjson.gz: other_contents", "32 files read, 1 faults"],
    )
    monkeypatch.setenv("LABELLING_ARCHIVE_DIR", "")
    assert await operating("list") == (2, [])
