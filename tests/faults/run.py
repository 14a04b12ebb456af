"""A run from start to verdict: the stack, the load, the nemesis, quiet, the books."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults import report
from tests.faults.arena import Arena
from tests.faults.books import Books
from tests.faults.deck import Planned
from tests.faults.ledger import Ledger
from tests.faults.load import Load, Pace
from tests.faults.nemesis import Injected, Nemesis
from tests.faults.rig import FULL, Roster
from tests.faults.stage import Stage, opened

RESOLVE_WITHIN = 60.0
DRAIN_WITHIN = 120.0
SPARE = 400.0
"""Seconds beside the load: to start, to carry the last faults out, to get quiet, to do the books."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a run is asked for."""

    minutes: float
    seed: int
    plan: Sequence[Planned]
    state: str
    roster: Roster = field(default_factory=lambda: FULL)
    pace: Pace = field(default_factory=Pace)
    keep: bool = False
    """Keep data and logs even when all is well."""


@dataclass
class Outcome:
    """What came of a run."""

    wanted: Wanted
    books: Books
    ledger: Ledger
    injected: Sequence[Injected]
    not_drained: Sequence[str]
    died: dict[str, list[int]]

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, nothing else wrong, everything heard."""
        return not self.books.findings and not self.not_drained


async def run(wanted: Wanted) -> Outcome:
    """Run; the rig is gone when this returns. Raises TimeoutError when it takes far too long."""
    async with (
        asyncio.timeout(wanted.minutes * 60 + SPARE),
        opened(state=wanted.state, roster=wanted.roster) as stage,
    ):
        return await _attack(stage, wanted)


async def _attack(stage: Stage, wanted: Wanted) -> Outcome:
    rig, watch = stage.rig, stage.watch
    ledger, arena = Ledger(), Arena(rig)
    load = Load(stage.clients, ledger, rng=Random(wanted.seed), pace=wanted.pace)
    nemesis = Nemesis(arena, watch)
    loading = asyncio.create_task(load.run())
    try:
        await asyncio.gather(nemesis.run(wanted.plan), asyncio.sleep(wanted.minutes * 60))
        say("quiet: no new faults, no new load")
        load.stop()
        # What is still in doubt after this is found by the books.
        await asyncio.wait([loading], timeout=RESOLVE_WITHIN)
    finally:
        loading.cancel()
    behind = await stage.behind(within=DRAIN_WITHIN)
    books = await stage.books(ledger, planted=arena.planted)
    died = {kept.name: kept.codes for kept in rig.keeper.kept if kept.died_by_itself}
    outcome = Outcome(wanted, books, ledger, nemesis.injected, behind, died)
    if not outcome.good or wanted.keep:
        rig.keep_folder = True
        say(f"data and logs stay in .local/{rig.place.state}")
    return outcome


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")


def show(outcome: Outcome) -> int:
    """Print the tables and the line for machines; gives the exit code."""
    for line in report.table(outcome):
        print(line)
    print(json.dumps(report.summary(outcome)))
    return 0 if outcome.good else 1
