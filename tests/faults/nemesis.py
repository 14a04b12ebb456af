"""Carries a plan out: up to three faults at once, each with its record of what, whom, when and how long repair took."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults.arena import Arena
from tests.faults.deck import Planned
from tests.faults.kinds import FAULTS
from tests.faults.watch import Mark, Watch

AT_ONCE = 3


@dataclass
class Injected:
    """One fault as it happened; times in seconds since the load began."""

    kind: str
    what: str
    started: float
    ended: float
    mark: Mark


@dataclass
class Nemesis:
    """The one who breaks things."""

    arena: Arena
    watch: Watch
    injected: list[Injected] = field(default_factory=list)

    async def run(self, planned: Sequence[Planned]) -> None:
        """Every fault of the plan, at its time or as soon as fewer than three are going on."""
        begun = time.monotonic()
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for fault in planned:
                await asyncio.sleep(max(0.0, begun + fault.at - time.monotonic()))
                await room.acquire()
                injecting = group.create_task(self._inject(fault, begun=begun))
                injecting.add_done_callback(lambda _: room.release())

    async def _inject(self, fault: Planned, *, begun: float) -> None:
        started = time.monotonic() - begun
        what = await FAULTS[fault.kind](self.arena, Random(fault.seed))
        ended = time.monotonic() - begun
        self.injected.append(Injected(fault.kind, what, started, ended, self.watch.mark()))
        sys.stderr.write(f"{started:6.1f}s  {fault.kind:<20} {what} ({ended - started:.1f} s)\n")

    def counts(self) -> dict[str, int]:
        """How often each kind happened."""
        return dict(sorted(Counter(one.kind for one in self.injected).items()))

    def repair_seconds_max(self) -> float:
        """The longest repair; a fault that was never repaired counts until now."""
        now = time.monotonic()
        return max(
            (
                (now if one.mark.repaired_at is None else one.mark.repaired_at) - one.mark.ended_at
                for one in self.injected
            ),
            default=0.0,
        )
