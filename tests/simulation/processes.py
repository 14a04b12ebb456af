"""The processes of a story: the kit's own relay, intake, applier and repair, wired as `app.py` wires them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from shared.platform.database import Transaction
from shared.platform.exchange.applying import Applier, Heard, Subscription
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Ears, Intake
from shared.platform.exchange.relay import Relay
from shared.platform.exchange.repair import Repair
from shared.platform.topology import HEARS
from tests.simulation.broker import Server, SimulatedBroker
from tests.simulation.database import IDLE_TIMEOUT, Database, Unit, broken_rule, no_such_table
from tests.simulation.facts import HEARD, SAYS, answer, is_refused
from tests.simulation.loop import Life
from tests.simulation.memories import IntakeMemory, RelayMemory, SpeakersAsked
from tests.simulation.tables import Effect
from tests.simulation.world import World

FROZEN = 18.0
"""Most seconds for which a process is frozen: leases are over after ten."""


@dataclass(frozen=True)
class Cast:
    """Who plays: replicas by service."""

    replicas: dict[str, int]
    listeners: tuple[str, ...]
    """Those whose intake runs."""

    @property
    def speakers(self) -> list[str]:
        """Those that are written to over HTTP."""
        return [service for service in SAYS if service in self.replicas]


class House:
    """Starts, kills, freezes and restarts processes."""

    def __init__(self, world: World, cast_: Cast) -> None:
        self.world = world
        self.cast = cast_
        self.server = Server(world)
        self.databases = {service: Database(world, service) for service in HEARS}
        self.lives: list[Life] = []
        self.silent: set[str] = set()
        """Speakers to which nobody writes any more."""
        self.eager: dict[str, float] = {}
        """Speakers to which everybody writes, and until when."""
        self._roots: dict[Life, asyncio.Task[Any]] = {}
        self._numbers = 0
        self.calm = False
        world.kill, world.freeze = self.kill, self.freeze

    def start_all(self) -> None:
        """Every replica of every service."""
        for service, replicas in self.cast.replicas.items():
            for _ in range(replicas):
                self.start(service)

    def start(self, service: str) -> None:
        """One process, which is new in everything but its database."""
        self._numbers += 1
        life = Life(service, number=self._numbers)
        self.world.note(life.name, "starts")
        self.lives.append(life)
        root = self.world.loop.create_task(self._run(life), context=life.context)
        self._roots[life] = root
        root.add_done_callback(partial(self._ended, life), context=self.world.outside)

    async def _run(self, life: Life) -> None:
        broker = SimulatedBroker(self.server, life)
        await broker.connect()
        watermarks = Watermarks()
        for speaker in HEARS[life.service]:
            await broker.on_watermark(speaker, partial(watermarks.hear, speaker))
        async with asyncio.TaskGroup() as group:
            memory = RelayMemory(self.databases[life.service], life)
            relay = Relay(memory, broker, service=life.service, me=self.world.identity(), spoke=life.spoke)
            group.create_task(relay.run())
            if life.service in self.cast.listeners:
                group.create_task(Intake(self._ears(life, broker, watermarks=watermarks)).run())

    def _ears(self, life: Life, broker: SimulatedBroker, *, watermarks: Watermarks) -> Ears:
        name, database = life.service, self.databases[life.service]
        store, feed = IntakeMemory(database, life), SpeakersAsked(self.world, self.databases, life)
        applier = Applier(store, feed=feed, listener=name, subscriptions=self._subscriptions(database))
        repair = Repair(store, feed, applier=applier, listener=name, watermarks=watermarks)
        me = self.world.identity()
        return Ears(listener=name, me=me, store=store, broker=broker, applier=applier, repair=repair)

    def _subscriptions(self, database: Database) -> Sequence[Subscription]:
        handler = partial(write_effects, database=database)
        return [Subscription(speaker, HEARD[speaker], handler) for speaker in HEARS[database.service]]

    def _ended(self, life: Life, root: "asyncio.Task[Any]") -> None:
        """A process that ends by itself, or that was told to stop."""
        if root.cancelled():
            self.kill(life)
            return
        error = root.exception()
        if self.world.violations or not life.alive:
            return
        causes = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
        self.world.violated(f"{life.name} ended by itself: {[repr(cause) for cause in causes]}")

    def kill(self, life: Life) -> None:
        """As SIGKILL: nothing of it runs any more, not even a `finally`."""
        if not life.alive:
            return
        self.world.faults["killed"] += 1
        self.world.note(life.name, "is gone")
        life.alive = False
        self.lives.remove(life)
        self.server.forget(life)
        self.databases[life.service].abandon(life, within=2.0)
        delay = 0.0 if self.calm else 5.0 * self.world.chance.random()
        self.world.later(delay, partial(self.start, life.service))

    def stop(self, life: Life) -> None:
        """As SIGTERM: it may put its things in order, for a while."""
        self._roots[life].cancel()
        self.world.later(5.0, partial(self.kill, life))

    def freeze(self, life: Life) -> None:
        """As SIGSTOP, and SIGCONT after some time, perhaps when its leases are long over."""
        if life.frozen:
            return
        self.world.note(life.name, "freezes")
        life.stopped = []
        self.databases[life.service].abandon(life, within=2 * IDLE_TIMEOUT)
        self.world.later(FROZEN * self.world.chance.random(), partial(self.thaw, life))

    def thaw(self, life: Life) -> None:
        """It goes on where it stood."""
        if life.alive and life.frozen:
            self.world.note(life.name, "thaws")
            self.world.loop.thaw(life)


async def write_effects(work: Transaction, heard: list[Heard[Any]], *, database: Database) -> None:
    """The handler of every subscription: one effect for each fact, an answer to each session."""
    unit = cast("Unit", work)
    await database.ask(unit.life, f"handle {len(heard)}", unit=unit)
    if database.deploy_is_bad:
        raise no_such_table()
    if database.world.happens("handler_busy"):
        raise TimeoutError
    for item in heard:
        at = item.envelope
        if is_refused(item.fact):
            raise ValueError(at.aggregate_id) if item.fact.version % 2 else broken_rule()
        unit.effects.append(Effect(at.speaker, at.partition, at.sequence, at.id, at.aggregate_id))
        if database.service == "followup" and at.speaker == "enrolment":
            unit.speak(answer(item.fact))
    await database.answer(unit.life, "handle")
