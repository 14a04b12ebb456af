"""The scenario of a producer's database set back: all stops with an alarm, and goes on by decision, to the event."""

import re
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path

import httpx

from shared.platform.topology import HEARS
from tests.faults.doors import Change
from tests.faults.ledger import Ledger
from tests.faults.rig import url_of
from tests.faults.scenarios import Story, rows_of
from tests.faults.schema_copy import dump, put_back
from tests.faults.watch import Look

SPEAKER = "enrolment"
LISTENERS = tuple(listener for listener, speakers in HEARS.items() if SPEAKER in speakers)


async def script(story: Story) -> bool:
    """A backup, commits after it, the backup in the place of the database, the alarm, the decisions, the mending."""
    await story.tell()
    backup = story.stage.rig.place.directory / "backup"
    await dump(story.stage.rig, SPEAKER, file=backup)
    cut, known = _seen(story), deepcopy(story.ledger)
    await _after_the_cut(story)
    gone, believed = await _said_since(story, cut), deepcopy(story.ledger)
    story.note(commits_after_the_cut=len(gone))
    await _set_back(story, backup)
    await _alarm(story)
    silent = await _others_flow(story)
    exact = await _decide(story, gone)
    forgotten = _forget(story, known=known, believed=believed)
    without = await story.close_the_books()
    await _say_again(story, forgotten)
    again = await story.close_the_books()
    story.note(said_again=len(forgotten), sound_without=without, sound_again=again)
    return silent and exact and without and again


def _seen(story: Story) -> Look:
    latest = story.stage.watch.latest
    assert latest is not None
    return latest


async def _after_the_cut(story: Story) -> None:
    """What will come to nothing: entries, ends, corrections; outcomes only of learners the backup knows."""
    load = story.load
    await load.tell(30)
    await load.end(40, bulk=True)
    await story.quiet()
    await load.tell(20)
    await load.enter(60, bulk=True)
    for _ in range(10):
        await load.correct("entered")
        await load.correct("ended")
    await story.quiet()


async def _said_since(story: Story, cut: Look) -> set[str]:
    connection = await story.stage.rig.postgres.superuser()
    try:
        rows = await connection.fetch(f"SELECT partition, seq FROM {SPEAKER}.event_log")  # noqa: S608 - our own name
    finally:
        await connection.close()
    return {
        f"{SPEAKER}/{row['partition']:02d}/{row['seq']}"
        for row in rows
        if row["seq"] > cut.heads[SPEAKER, row["partition"]]
    }


async def _set_back(story: Story, backup: Path) -> None:
    rig = story.stage.rig
    mine = [kept for kept in rig.keeper.kept if kept.service == SPEAKER]
    for kept in mine:
        await rig.keeper.hold(kept)
    await put_back(rig, SPEAKER, file=backup)
    for kept in mine:
        rig.keeper.let_go(kept)


async def _alarm(story: Story) -> None:
    """The relay publishes nothing more, the listeners follow nothing more, and the gauges say so."""
    for role, service in (("relay", SPEAKER), *(("intake", listener) for listener in LISTENERS)):
        await story.until(f"the {role} of {service} rings", partial(_rings, story, role, service=service))
    story.note(relay_halted=True, listeners_halted=list(LISTENERS))


async def _rings(story: Story, role: str, *, service: str) -> bool:
    gauge = re.compile(rf"^tremplin_{role}_halted{{[^}}]*}} 1\.0$", re.MULTILINE)
    async with httpx.AsyncClient() as http:
        for kept in story.stage.rig.processes(role, service=service):
            try:
                answer = await http.get(f"{url_of(kept)}/metrics")
            except httpx.HTTPError:
                # It may just be starting.
                continue
            if gauge.search(answer.text):
                return True
    return False


async def _others_flow(story: Story) -> bool:
    """What labelling says is heard meanwhile, nothing of enrolment is, and enrolment's own doors are open."""
    held = {listener: dict(_seen(story).positions[listener]) for listener in LISTENERS}
    await story.load.set_target()
    await story.load.enter(20, bulk=True)

    async def labelling_is_heard() -> bool:
        seen = _seen(story)
        return not seen.behind({place: seq for place, seq in seen.heads.items() if place[0] == "labelling"})

    await story.until("labelling is heard", labelling_is_heard)
    silent = all(
        seq == held[listener][place]
        for listener in LISTENERS
        for place, seq in _seen(story).positions[listener].items()
        if place[0] == SPEAKER
    )
    story.note(others_flowed=True, nothing_applied_while_halted=silent)
    return silent


async def _decide(story: Story, gone: set[str]) -> bool:
    """The speaker first, then each listener; the commits reported are those after the cut, and no others."""
    shown = await story.operate("restored", SPEAKER, code=2)
    decided = rows_of(await story.operate("restored", SPEAKER, "--yes", "--json"))
    reported = {row["position"] for row in decided}
    applied = {}
    for listener in LISTENERS:
        said = "\n".join(await story.operate("restored", SPEAKER, "--listener", listener, "--yes"))
        found = re.search(r"had applied (\d+) events", said)
        applied[listener] = int(found.group(1)) if found else 0
    story.note(
        shown_before_deciding=sum(line.startswith(f"{SPEAKER}/") for line in shown),
        rolled_back_reported=len(reported),
        exactly_those=reported == gone,
        rolled_back_at_listeners=applied,
    )
    return reported == gone and all(number == len(gone) for number in applied.values())


def _forget(story: Story, *, known: Ledger, believed: Ledger) -> list[Change]:
    """What was rolled back is accepted no more; gives what its clients will say again."""
    forgotten: list[Change] = []
    for key, record in believed.records.items():
        before = known.records.get(key)
        if key.kind not in {"entry", "end"} or (before and before.accepted == record.accepted):
            continue
        forgotten.append(Change(key, record.accepted[-1]))
        if before:
            story.ledger.records[key] = deepcopy(before)
        else:
            del story.ledger.records[key]
    return forgotten


async def _say_again(story: Story, forgotten: Sequence[Change]) -> None:
    for kind in ("entry", "end"):
        await story.load.send(kind, [change for change in forgotten if change.key.kind == kind], bulk=True)
    await story.quiet()
