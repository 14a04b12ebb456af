"""One seed: a story told under faults, then quiet, then the books."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from sqlalchemy.exc import SQLAlchemyError

from shared.platform.exchange import relay
from tests.simulation.books import strangers_are_what_was_lost, unmet, unsettled
from tests.simulation.facts import SAYS
from tests.simulation.loop import Life, Stuck
from tests.simulation.nemesis import MEET_AGAIN, Nemesis
from tests.simulation.plants import planted, swapped
from tests.simulation.processes import Cast, House
from tests.simulation.truth import Kind
from tests.simulation.world import Violated, World

SELDOM = 0.5
"""Seconds between two polls of an idle relay: it does nothing five times less often than the real one."""
EAGERLY = 4
"""How many times as often a service is written to after it came back."""
STORM = 25.0
"""Virtual seconds under faults."""
PATIENCE = 90.0
"""Virtual seconds of quiet after which all must be settled."""


@dataclass(frozen=True)
class Outcome:
    """What became of a seed."""

    seed: int
    violations: list[str]
    steps: int
    events: int
    digest: int
    faults: Counter[str] = field(default_factory=Counter)
    trace: list[tuple[float, str, str]] = field(default_factory=list)


def run(seed: int, *, plant: str | None = None) -> Outcome:
    """Run a seed to its end, perhaps with a bug in it; the same seed runs the same steps."""
    world = World.of(seed)
    with planted(plant), swapped(relay, "POLL", value=SELDOM):
        try:
            world.loop.run(_Story(world).tell())
        except Violated:
            pass
        except Stuck:
            world.violations.append("nothing moves any more")
    return Outcome(
        seed, world.violations, world.steps, len(world.truth.events), world.digest,
        world.faults, list(world.trace),
    )  # fmt: skip


class _Story:
    """Writers write, the nemesis strikes, then all is quiet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._throw = world.story
        self._house = House(world, _cast(world.story))
        self._nemesis = Nemesis(world, self._house)
        self._versions: Counter[tuple[str, int]] = Counter()

    async def tell(self) -> None:
        self._house.start_all()
        self._nemesis.arm()
        striking = self._world.loop.create_task(self._nemesis.run(until=STORM))
        await self._write(until=STORM)
        await striking
        self._nemesis.rest()
        await self._settle()

    async def _write(self, *, until: float) -> None:
        pace = self._throw.choice([0.3, 0.8, 1.5])
        while (delay := self._throw.expovariate(1 / pace)) + self._world.loop.time() < until:
            speaker = self._speaker()
            await asyncio.sleep(delay / EAGERLY if speaker in self._house.eager else delay)
            lives = [life for life in self._house.lives if life.service == speaker]
            if lives and speaker not in self._house.silent:
                life = self._throw.choice(lives)
                self._world.loop.create_task(self._say(life), context=life.context.copy())

    def _speaker(self) -> str:
        house, now = self._house, self._world.loop.time()
        eager = [speaker for speaker, until in house.eager.items() if until > now]
        return self._throw.choice([speaker for speaker in eager if speaker in SAYS] or house.cast.speakers)

    async def _say(self, life: Life) -> None:
        """One request: some facts in one transaction; its client hears of it, or does not know."""
        database = self._house.databases[life.service]
        try:
            async with database.begin(life) as unit:
                for _ in range(self._throw.choice([1, 1, 2, 5])):
                    aggregate = self._throw.randrange(6)
                    self._versions[life.service, aggregate] += 1
                    version = self._versions[life.service, aggregate]
                    unit.speak(SAYS[life.service](self._kind(), aggregate=aggregate, version=version))
            self._world.truth.acknowledged += 1
        except (SQLAlchemyError, OSError, TimeoutError):
            self._world.truth.unknown += 1

    def _kind(self) -> Kind:
        kinds: list[Kind] = ["plain", "unwanted", "refused", "unknown", "bad"]
        return self._throw.choices(kinds, [0.9, 0.06, 0.02, 0.01, 0.01])[0]

    async def _settle(self) -> None:
        world, house = self._world, self._house
        until = world.loop.time() + PATIENCE
        settled = 0
        await asyncio.sleep(MEET_AGAIN)
        while settled < 2:
            await asyncio.sleep(1.0)
            amiss = list(unsettled(world, house.databases, listeners=house.cast.listeners))
            amiss += unmet(house.databases, house.server)
            settled = 0 if amiss else settled + 1
            if amiss and world.loop.time() > until:
                raise world.violated(f"not settled after {PATIENCE:.0f} s of quiet: {'; '.join(amiss[:4])}")
        for strange in strangers_are_what_was_lost(world, house.databases):
            raise world.violated(strange)


def _cast(throw: Random) -> Cast:
    listeners = throw.choice([["followup"], ["indicators"], ["followup", "indicators"]])
    services = ["labelling", "enrolment", "followup", *(["indicators"] if "indicators" in listeners else [])]
    replicas = {service: throw.choice([1, 2] if service in listeners else [1, 1, 2]) for service in services}
    return Cast(replicas, tuple(listeners))
