"""What every simulated part shares: the seed's dice, the rates of small faults, the trace, and the books."""

import asyncio
import zlib
from collections import Counter, deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field, fields
from random import Random
from uuid import UUID

from tests.simulation.loop import Life, Loop
from tests.simulation.truth import Truth

TRACED = 80
"""Last steps that are kept, for the print of a failing seed."""


class Violated(BaseException):
    """A promise was broken: the run ends here, whatever the code under test would catch."""


@dataclass
class Rates:
    """How often each small fault happens, per step that could have it; all zero is a quiet world."""

    crash: float = 0.0
    """A process dies between two of its steps."""
    stall: float = 0.0
    """A process freezes between two of its steps."""
    slow: float = 0.0
    refused: float = 0.0
    """A statement fails as a database fails: deadlock, lost connection, time-out."""
    reply_lost: float = 0.0
    """A statement was done, commits included, and its answer is an error."""
    publish_partial: float = 0.0
    publish_unconfirmed: float = 0.0
    stored_twice: float = 0.0
    damaged: float = 0.0
    """A message is stored with a broken body."""
    skipped: float = 0.0
    """A consumer passes over a message and believes it delivered."""
    lost_on_the_way: float = 0.0
    """Delivered, and never came: it is delivered again after a while."""
    delivered_twice: float = 0.0
    shuffled: float = 0.0
    confirm_lost: float = 0.0
    watermark_lost: float = 0.0
    watermark_late: float = 0.0
    feed_away: float = 0.0
    handler_busy: float = 0.0
    """A handler meets a time-out of its own."""

    @classmethod
    def drawn(cls, chance: Random) -> "Rates":
        """Each kind is on in half of the runs only: where everything fails at once, some faults hide others."""
        return cls(
            **{
                kind.name: _AT_MOST.get(kind.name, 0.15) * chance.random()
                for kind in fields(cls)
                if chance.random() < 0.5
            }
        )


_AT_MOST = {"crash": 0.01, "stall": 0.005, "slow": 0.05, "refused": 0.02, "reply_lost": 0.02, "damaged": 0.05}


@dataclass
class World:
    """One run of one seed."""

    seed: int
    story: Random
    """What is written, and what the nemesis does."""
    chance: Random
    """What happens to single steps."""
    loop: Loop
    rates: Rates = field(default_factory=Rates)
    truth: Truth = field(default_factory=Truth)
    faults: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    digest: int = 0
    trace: deque[tuple[float, str, str]] = field(default_factory=lambda: deque(maxlen=TRACED))
    kill: Callable[[Life], None] = lambda _: None
    freeze: Callable[[Life], None] = lambda _: None
    violations: list[str] = field(default_factory=list)
    outside: Context = field(default_factory=copy_context)
    """Belongs to no process: what is due there happens whoever has died."""

    @classmethod
    def of(cls, seed: int) -> "World":
        """The world of a seed; dice of their own, so that one more throw here does not change all there."""
        story, chance, order = (Random(f"{seed}/{name}") for name in ("story", "chance", "order"))
        # Of what a loop may be asked, the code under test asks a part.
        loop = Loop(order)  # type: ignore[abstract]
        return cls(seed, story, chance, loop)

    def note(self, who: str, what: str) -> None:
        """One step of the trace."""
        self.steps += 1
        now = self.loop.time()
        # The hash of a number does not depend on the interpreter's seed, that of a text does.
        self.digest = zlib.crc32(f"{who} {what}".encode(), self.digest ^ (hash(now) & 0xFFFFFFFF))
        self.trace.append((now, who, what))

    def happens(self, fault: str) -> bool:
        """Whether a small fault happens now; counted."""
        rate: float = getattr(self.rates, fault)
        if rate and self.chance.random() < rate:
            self.faults[fault] += 1
            return True
        return False

    def violated(self, what: str) -> Violated:
        """A broken promise: noted, and to be raised."""
        self.violations.append(what)
        self.note("oracle", what)
        self.loop.over = True
        return Violated(what)

    def later(self, delay: float, happen: Callable[[], object]) -> None:
        """Something outside of every process is due."""
        self.loop.call_later(delay, happen, context=self.outside)

    def identity(self) -> UUID:
        """A new id, the same in every run of the seed."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    async def travel(self, life: Life, what: str) -> None:
        """A request or an answer is on its way: others go on meanwhile, and the process may be gone before it comes."""
        self.note(life.name, what)
        if self.happens("crash"):
            self.kill(life)
        if self.happens("stall"):
            self.freeze(life)
        throw = self.chance.random()
        if self.happens("slow"):
            await asyncio.sleep(4.0 * throw)
        elif throw < 0.3:
            await asyncio.sleep(0.02 * throw)
        else:
            await asyncio.sleep(0)
