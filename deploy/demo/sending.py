"""The reporter's three sendings: some before their exits, a faulty first one, then the mending."""

from typing import Final

from deploy.demo import rosters
from deploy.demo.bodies.followup import Ids, lot_body
from deploy.demo.callers import Positions
from deploy.demo.cast import Cast
from deploy.demo.failures import Stopped
from deploy.demo.fixture.observations import Item, Phase, Standing
from deploy.demo.plants import planted
from deploy.demo.readings import read_standing
from deploy.demo.replay import end_late, late_ids
from deploy.demo.settle import until_quiet
from deploy.demo.table import describe
from deploy.demo.verdicts import Sent, check, summary

_STEPS: Final = {
    "before_exits": "outcomes before exits",
    "first_sending": "outcomes",
    "second_sending": "mended outcomes",
}


async def push(cast: Cast) -> Positions:
    """Send everything, and wait each time until it is heard; how far the logs go then. Raises Stopped."""
    early, first, mending = planted(cast.fixture.phases, plant=cast.plant)
    # A run that was cut short counts as an earlier run: some of its lines may be held.
    fresh = not await _is_known(cast, early.lots[0].reference)
    mended = await _is_known(cast, mending.lots[-1].reference)
    ids = await _ids(cast)
    sendings = [await _send(cast, early, ids=ids)]
    await end_late(cast)
    # Until followup has heard of the exits, it would rightly let the lines of the first sending wait.
    await until_quiet(cast.watcher)
    sendings.append(await _send(cast, first, ids=ids))
    before, _ = await _settled(cast)
    cast.steps.say(f"  before the mending: {describe(before)}")
    if mended:
        cast.steps.say("  (already mended by an earlier run: nothing changes any more)")
    sendings.append(await _send(cast, mending, ids=ids))
    after, heard = await _settled(cast)
    cast.steps.say(f"  after the mending:  {describe(after)}")
    cast.steps.say(f"  verdicts: {summary(sendings)}")
    if fresh and cast.plant is None:
        check(sendings)
        _check_before(cast, before)
    return heard


async def _is_known(cast: Cast, lot: str) -> bool:
    return await cast.reporter.find("followup", f"/v1/lots/{lot}") is not None


async def _ids(cast: Cast) -> Ids:
    """The enrolment of everyone the lots speak of. Raises Stopped when somebody is on no roster."""
    phases = cast.fixture.phases
    leavers = await rosters.read_rosters(cast, months=rosters.months_searched(phases))
    ids = rosters.find(cast.people, leavers=leavers) | await late_ids(cast)
    spoken_of = {item.observation.enrolment for phase in phases for lot in phase.lots for item in lot.items}
    missing = sorted(spoken_of - ids.keys())
    if missing:
        raise Stopped(
            f"{len(missing)} of the people followed are on no roster, {missing[0].reference} first."
        )
    return ids


async def _send(cast: Cast, phase: Phase, *, ids: Ids) -> Sent:
    """Push the lots of a phase one after the other. Raises Stopped if a line is refused."""
    lines: list[tuple[Item, str]] = []
    with cast.steps.step(_STEPS[phase.name], total=sum(len(lot.items) for lot in phase.lots)) as advance:
        for lot in phase.lots:
            results = await cast.reporter.post("followup", "/v1/outcomes", body=lot_body(lot, ids=ids))
            verdicts = (result["status"] for result in results)
            lines += zip(lot.items, verdicts, strict=True)
            advance(len(lot.items))
    return Sent(phase, lines)


async def _settled(cast: Cast) -> tuple[Standing, Positions]:
    heard = await until_quiet(cast.watcher)
    return await read_standing(cast, heard=heard), heard


def _check_before(cast: Cast, before: Standing) -> None:
    """The faults of the first sending must show while they are there. Raises Stopped."""
    if before != cast.fixture.before:
        raise Stopped(f"Before the mending it should have read: {describe(cast.fixture.before)}.")
