"""Any story of speaking, delivering, repeating, failing and parking, on a real Postgres: each event counts once."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.events.envelope import Envelope
from shared.events.labelling import TargetSet
from shared.platform.database import Database, Transaction
from shared.platform.exchange.applying import Heard
from tests.platform.test_event_log import target
from tests.platform.test_exchange import Listener, envelopes_of
from tests.support.cluster import Cluster

TARGETS = st.integers(0, 7)


class Away(OSError):
    """The machine, not the event, is to blame."""


class Intake(RuleBasedStateMachine):
    """One speaker, one listener whose effect is a row per event, and a feed that has everything."""

    cluster: ClassVar[Cluster]
    listener_class: ClassVar[type[Listener]] = Listener

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.name = self.runner.run(self.cluster.new_database())
        url = self.cluster.url(self.name, role="labelling_worker")
        self.speaker = Database(url, service="labelling", role="worker", pool_size=2)
        self.listener = self.listener_class(self.cluster, self.name, self.speaker)
        self.listener.refuse = self._refuse
        self.versions: Counter[int] = Counter()
        self.poisoned: set[str] = set()
        self.fails_in: int | None = None

    def _refuse(self, fact: TargetSet) -> bool:
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in < 0:
                raise Away
        return fact.target_id in self.poisoned and fact.version % 3 == 0

    @rule(numbers=st.lists(TARGETS, min_size=1, max_size=12))
    def speak(self, numbers: list[int]) -> None:
        facts = []
        for number in numbers:
            self.versions[number] += 1
            facts.append(target(number, self.versions[number]))
        self.runner.run(self._speak(facts))

    async def _speak(self, facts: list[TargetSet]) -> None:
        async with self.speaker.transaction() as tx:
            tx.speak(*facts)

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Some of what was said, in any order, some of it twice."""
        self.runner.run(self.listener.hear(*self._some(data)))

    @rule(data=st.data())
    def deliver_to_two_at_once(self, data: st.DataObject) -> None:
        first, second = self._some(data), self._some(data)
        self.runner.run(self._both(first, second))

    async def _both(self, first: list[Envelope], second: list[Envelope]) -> None:
        await asyncio.gather(self.listener.hear(*first), self.listener.hear(*second))

    @rule(data=st.data(), after=st.integers(0, 5))
    def fail_while_applying(self, data: st.DataObject, after: int) -> None:
        """The machine fails between two effects of a batch: nothing of that batch has happened."""
        self.fails_in = after
        try:
            self.runner.run(self.listener.hear(*self._some(data)))
        except Away:
            pass
        finally:
            self.fails_in = None

    @rule(number=TARGETS)
    def poison(self, number: int) -> None:
        """From now on a rule refuses every third version of this aggregate."""
        self.poisoned.add(f"target-{number}")

    def _some(self, data: st.DataObject) -> list[Envelope]:
        said = self.runner.run(envelopes_of(self.speaker))
        return data.draw(st.lists(st.sampled_from(said), max_size=20)) if said else []

    @invariant()
    def each_event_up_to_the_position_counts_once_or_is_parked(self) -> None:
        if not hasattr(self, "runner"):
            return
        self._check(self.runner.run(self._books()))

    async def _books(self) -> tuple[list[Envelope], dict[int, int], dict[str, int], Counter[str]]:
        held = await self.listener.ears().store.positions("labelling")
        parked = Counter(aggregate for aggregate, _ in await self.listener.parked())
        reached = {partition: at.last_seq for partition, at in held.items()}
        return await envelopes_of(self.speaker), reached, await self.listener.effects(), parked

    def _check(self, books: tuple[list[Envelope], dict[int, int], dict[str, int], Counter[str]]) -> None:
        said, reached, effects, parked = books
        heard = Counter(e.aggregate_id for e in said if e.sequence <= reached.get(e.partition, 0))
        assert Counter(effects) + parked == heard
        for aggregate in parked:
            assert aggregate in self.poisoned

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self._hear_the_rest()
        finally:
            self.runner.run(self._close())
            self.runner.close()

    def _hear_the_rest(self) -> None:
        said = self.runner.run(envelopes_of(self.speaker))
        self.runner.run(self.listener.hear(*said))
        books = self.runner.run(self._books())
        self._check(books)
        assert books[1] == {envelope.partition: envelope.sequence for envelope in said}

    async def _close(self) -> None:
        await self.speaker.close()
        await self.listener.database.close()
        await self.cluster.drop_database(self.name)


def play(cluster: Cluster, machine: type[Intake]) -> None:
    class Story(machine):  # type: ignore[misc, valid-type]  # Hypothesis wants a class of its own for every run
        pass

    Story.cluster = cluster
    limits = settings(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        # Stories are short already; shrinking one would cost more than reading it.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Story, settings=limits)


def test_any_story_counts_each_event_once(cluster: Cluster) -> None:
    play(cluster, Intake)


class Careless(Listener):
    """Writes each effect in a transaction of its own, as if effect and position need not advance together."""

    async def _count(self, tx: Transaction, heard: list[Heard[Any]]) -> None:
        del tx
        for item in heard:
            async with self.database.transaction() as own:
                await super()._count(own, [item])


def test_a_listener_whose_effects_do_not_wait_for_its_position_is_found_out(cluster: Cluster) -> None:
    class Story(Intake):
        listener_class = Careless

    with pytest.raises(AssertionError):
        play(cluster, Story)
