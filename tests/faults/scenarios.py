"""The scripted scenarios by name, and what they share: a load in steps, counts of their own, one line for machines."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.faults.ledger import Ledger
from tests.faults.load import Load, Pace
from tests.faults.rig import SMALL
from tests.faults.run import say
from tests.faults.stage import Stage, opened

WITHIN = 60.0
"""Seconds for anything that a scenario waits for."""
LONGEST = 400.0


@dataclass
class Story:
    """A stage, and what its clients have said."""

    stage: Stage
    ledger: Ledger
    load: Load
    counts: dict[str, Any]

    def note(self, **counts: Any) -> None:
        """Keep figures for the last line, and say them."""
        self.counts |= counts
        say(", ".join(f"{name} {value}" for name, value in counts.items()))

    async def tell(self) -> None:
        """Some learners at every stage."""
        await self.load.enter(300, bulk=True)
        await self.load.end(200, bulk=True)
        await self.quiet()
        await self.load.tell(100)
        for stage in ("entered", "ended", "told"):
            for _ in range(5):
                await self.load.correct(stage)
        await self.load.set_target()
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until everybody has heard everything. Raises RuntimeError."""
        behind = await self.stage.behind(within=WITHIN)
        if behind:
            message = f"not drained: {behind}"
            raise RuntimeError(message)

    async def until(self, what: str, true: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something. Raises RuntimeError when it does not come."""
        try:
            async with asyncio.timeout(WITHIN):
                while not await true():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise RuntimeError(f"in vain: {what}") from None

    async def operate(self, *words: str, code: int = 0) -> list[str]:
        """Run an operators' command that must end with this code. Raises RuntimeError."""
        say(f"operators {' '.join(words)}")
        got, lines = await self.stage.rig.operate(*words)
        if got != code:
            message = f"operators {' '.join(words)}: {got} instead of {code}: {lines[-20:]}"
            raise RuntimeError(message)
        return lines

    async def close_the_books(self) -> bool:
        """Do the books and note their counts; whether nothing was found."""
        await self.quiet()
        books = await self.stage.books(self.ledger)
        findings = books.findings
        for line in list(findings)[:20]:
            say(line)
        self.note(
            accepted=books.accepted,
            logged=books.logged,
            applied=books.applied,
            parked=books.parked,
            lost=len(findings.lost),
            doubled=len(findings.doubled),
            wrong=len(findings.wrong),
        )
        return not findings


def rows_of(lines: list[str]) -> list[dict[str, Any]]:
    """The JSON objects among what a command said."""
    return [json.loads(line) for line in lines if line.startswith("{")]


Script = Callable[[Story], Awaitable[bool]]


async def play(name: str, script: Script, *, seed: int) -> int:
    """Play a scenario; prints its line and gives its exit code."""
    async with asyncio.timeout(LONGEST), opened(state=f"faults-{name}-{os.getpid()}", roster=SMALL) as stage:
        stage.rig.keep_folder = True
        ledger = Ledger()
        load = Load(stage.clients, ledger, rng=Random(seed), pace=Pace())
        story = Story(stage, ledger, load, {"scenario": name, "seed": seed})
        good = await script(story)
        stage.rig.keep_folder = not good
    print(json.dumps(story.counts | {"good": good}))
    return 0 if good else 1
