"""A short run of the fault programme inside the suite: four rough faults, then the books."""

import os

from tests.faults.deck import Planned
from tests.faults.load import Pace
from tests.faults.rig import SMALL
from tests.faults.run import Wanted, run, show

SECONDS = 12.0
PLAN = (
    Planned(1.5, "kill_relay", seed=1),
    Planned(3.0, "kill_intake", seed=2),
    Planned(4.0, "nats_wiped_running", seed=3),
    Planned(7.5, "postgres_restarted", seed=4),
)


async def test_nothing_is_lost_and_nothing_counts_twice_when_servers_and_processes_are_killed() -> None:
    wanted = Wanted(
        minutes=SECONDS / 60,
        seed=1,
        plan=PLAN,
        state=f"faults-short-{os.getpid()}",
        roster=SMALL,
        pace=Pace(bulk=60),
    )
    outcome = await run(wanted)
    assert show(outcome) == 0
    assert [fault.kind for fault in outcome.injected] == [fault.kind for fault in PLAN]
    assert outcome.books.accepted > 100
    assert outcome.books.applied > outcome.books.accepted
    assert (outcome.books.findings.lost, outcome.books.findings.doubled) == ([], [])
