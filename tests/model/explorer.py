"""Breadth-first over every interleaving: each reachable state is judged once, and the shortest story is kept."""

import gc
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from tests.model import broker, laws, listener, relay, repair, speaker
from tests.model.laws import Law
from tests.model.state import State, Step, beginning
from tests.model.world import World


@dataclass(frozen=True)
class Counterexample:
    """A law that is broken, and the shortest story that breaks it."""

    law: Law
    steps: list[Step]


@dataclass
class Graph:
    """The states in the order in which they were reached, and the quiet steps between them."""

    states: list[State] = field(default_factory=list)
    reached_from: "array[int]" = field(default_factory=lambda: array("q"))
    quiet_from: "array[int]" = field(default_factory=lambda: array("q"))
    quiet_to: "array[int]" = field(default_factory=lambda: array("q"))
    transitions: int = 0
    said: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Exploration:
    """What a run saw."""

    states: int
    transitions: int
    said: frozenset[str]
    """Every kind of step that was taken, in the words of its story."""
    found: Counterexample | None = None


def steps(state: State, world: World) -> Iterator[Step]:
    """All that may happen next."""
    yield from speaker.steps(state, world)
    yield from relay.steps(state, world)
    yield from broker.steps(state, world)
    yield from listener.steps(state, world)
    yield from repair.announcements(state, world)


def explore(world: World, *, judged: frozenset[Law] = frozenset(Law)) -> Exploration:
    """Visit every state and judge it by these laws; stops at the first that breaks one."""
    graph, start = Graph(), beginning(world.configuration)
    numbers = {start: 0}
    graph.states.append(start)
    graph.reached_from.append(-1)
    with _no_collector():
        for number, state in enumerate(graph.states):
            for broken in laws.broken(state, world) & judged:
                return _told(graph, world, law=broken, number=number)
            _visit(graph, world, number=number, numbers=numbers)
    stuck = _never_settling(graph) if Law.SETTLES in judged else None
    if stuck is not None:
        return _told(graph, world, law=Law.SETTLES, number=stuck)
    return _seen(graph)


@contextmanager
def _no_collector() -> Iterator[None]:
    """States are plain values without cycles: the collector would walk all of them and free none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _visit(graph: Graph, world: World, *, number: int, numbers: dict[State, int]) -> None:
    """Add what may follow a state; the list of states grows behind the one that is visited."""
    for said, _, after, quiet in steps(graph.states[number], world):
        graph.transitions += 1
        graph.said.add(said)
        reached = numbers.setdefault(after, len(graph.states))
        if reached == len(graph.states):
            graph.states.append(after)
            graph.reached_from.append(number)
        if quiet and reached != number:
            graph.quiet_from.append(number)
            graph.quiet_to.append(reached)


def _never_settling(graph: Graph) -> int | None:
    """The first state from which no quiet path settles.

    Where there is none, every quiet path that is fair settles: whatever it does, settling stays within reach.
    """
    hopeful = bytearray(laws.settled(state) for state in graph.states)
    # Most quiet steps lead to states reached later, so a pass from the end settles nearly all at once.
    moved = True
    while moved:
        moved = False
        for place in range(len(graph.quiet_from) - 1, -1, -1):
            if hopeful[graph.quiet_to[place]] and not hopeful[graph.quiet_from[place]]:
                hopeful[graph.quiet_from[place]] = moved = True
    first = hopeful.find(0)
    return None if first < 0 else first


def _told(graph: Graph, world: World, *, law: Law, number: int) -> Exploration:
    path = [number]
    while graph.reached_from[path[0]] >= 0:
        path.insert(0, graph.reached_from[path[0]])
    story = [
        next(step for step in steps(graph.states[before], world) if step.after == graph.states[after])
        for before, after in pairwise(path)
    ]
    return _seen(graph, found=Counterexample(law, story))


def _seen(graph: Graph, *, found: Counterexample | None = None) -> Exploration:
    return Exploration(len(graph.states), graph.transitions, frozenset(graph.said), found)
