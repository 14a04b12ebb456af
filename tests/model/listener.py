"""What a listener's worker does: fetch, apply under the lock, commit, acknowledge, and ask the log in doubt."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

from tests.model import repair
from tests.model.configurations import Fault
from tests.model.plants import Plant, Spare
from tests.model.state import (
    Books,
    Events,
    Listener,
    Log,
    State,
    Step,
    Worker,
    WorkerStage,
    distinct_workers,
    with_listener,
    with_worker,
    without,
)
from tests.model.world import World

CRASHES: dict[WorkerStage, str] = {
    "fetched": "a worker crashes with {} fetched",
    "applied": "a worker crashes with {} applied and not committed",
    "moved": "a worker crashes with the position behind {} committed and the effects not",
    "committed": "a worker crashes before it acknowledges",
    "asking": "a worker crashes before it asks the speaker's log",
    "redriving": "the command that drives {} again crashes before its commit",
}


class Place(NamedTuple):
    """One worker of one listener."""

    listener: int
    worker: int


def steps(state: State, world: World) -> Iterator[Step]:
    for number, listener in enumerate(state.listeners):
        for own, worker in distinct_workers(listener):
            place = Place(number, own)
            yield from _STEPS[worker.stage](state, world, place=place)
            if worker.stage != "idle" and world.suffers(Fault.CRASH):
                crashed = with_worker(state, place, worker=Worker())
                yield Step(CRASHES[worker.stage], worker.batch, crashed, quiet=False)


def _start(state: State, world: World, *, place: Place) -> Iterator[Step]:
    if not state.listeners[place.listener].books.stopped:
        yield from _fetch(state, world, place=place)
        yield from repair.steps(state, world, place=place)


def _fetch(state: State, world: World, *, place: Place) -> Iterator[Step]:
    listener = state.listeners[place.listener]
    held = [event for worker in listener.workers for event in worker.unacked]
    free = sorted(without(listener.pending, tuple(held)), key=lambda event: (state.log.number(event), event))
    in_order = tuple(free[: world.configuration.batch])
    if in_order:
        yield _fetched(state, world, place=place, batch=in_order)
    deliverable = listener.pending if world.suffers(Fault.REPEAT) else tuple(sorted(free))
    if world.suffers(Fault.REORDER):
        for size in range(1, world.configuration.batch + 1):
            for batch in combinations(deliverable, size):
                if batch != in_order:
                    yield _fetched(state, world, place=place, batch=batch)._replace(quiet=False)


def _fetched(state: State, world: World, *, place: Place, batch: Events) -> Step:
    if world.has(Spare.EARLY_ACK):
        state = _acknowledged(state, place.listener, batch=batch)
    in_order = tuple(sorted(batch, key=lambda event: (state.log.number(event), event)))
    worker = Worker("fetched", in_order, unacked=tuple(sorted(batch)))
    return Step("a worker fetches {}", in_order, with_worker(state, place, worker=worker))


def _begin(state: State, world: World, *, place: Place) -> Iterator[Step]:
    """Lock the position, drop what was seen, take what follows, stop at the first that does not."""
    listener = state.listeners[place.listener]
    worker = listener.workers[place.worker]
    if listener.locked and not world.has(Plant.TWO_APPLIERS):
        return
    if listener.books.stopped:
        yield Step("a worker finds its listener stopped", (), with_worker(state, place, worker=Worker()))
        return
    fresh, doubtful = _following(worker.batch, listener.books, log=state.log, world=world)
    if fresh:
        busy = Worker("applied", fresh, worker.unacked, ask=bool(doubtful))
        yield Step(
            "a worker locks the position and applies {}", fresh, with_worker(state, place, worker=busy)
        )
    elif doubtful:
        rest = doubtful if world.has(Plant.SKIP_AFTER_A_WHILE, Plant.BELIEVE_STRAYS) else ()
        asking = Worker("asking", rest, worker.unacked)
        yield Step(
            "a worker cannot place {} behind its position", doubtful, with_worker(state, place, worker=asking)
        )
    else:
        done = Worker("committed", (), worker.unacked) if worker.unacked else Worker()
        yield Step("a worker has seen {} already", worker.batch, with_worker(state, place, worker=done))


def _following(batch: Events, books: Books, *, log: Log, world: World) -> tuple[Events, Events]:
    """What of a batch follows the position, and the rest from the first event that does not."""
    number, last, fresh = books.number, books.last, list[int]()
    for place, event in enumerate(batch):
        own, previous = log.events[event]
        if own < number or event == last:
            continue
        in_doubt = event in log.retired or (own > number + 1 and not world.has(Plant.SKIP_CONTIGUITY))
        if not world.has(Plant.IGNORE_LINEAGE):
            in_doubt |= own == number or (own == number + 1 and previous != last)
        if in_doubt:
            return tuple(fresh), batch[place:]
        if own > number:
            fresh.append(event)
            number, last = own, event
    return tuple(fresh), ()


def _commit(state: State, world: World, *, place: Place) -> Iterator[Step]:
    worker = state.listeners[place.listener].workers[place.worker]
    books = state.listeners[place.listener].books
    moved = books._replace(number=state.log.number(worker.batch[-1]), last=worker.batch[-1])
    if world.has(Plant.SPLIT_COMMIT):
        late = with_worker(state, place, worker=worker._replace(stage="moved"), books=moved)
        yield Step("a worker commits the position behind {}", worker.batch, late)
        return
    after = with_worker(
        state, place, worker=_after_commit(worker), books=_effects(moved, worker.batch, world=world)
    )
    yield Step("a worker commits the effects of {} with its position", worker.batch, after)


def _late_effects(state: State, world: World, *, place: Place) -> Iterator[Step]:
    worker = state.listeners[place.listener].workers[place.worker]
    books = _effects(state.listeners[place.listener].books, worker.batch, world=world)
    after = with_worker(state, place, worker=_after_commit(worker), books=books)
    yield Step("a worker commits the effects of {}", worker.batch, after)


def _after_commit(worker: Worker) -> Worker:
    if worker.ask or worker.unacked:
        return Worker("asking" if worker.ask else "committed", (), worker.unacked)
    return Worker()


def _effects(books: Books, batch: Events, *, world: World) -> Books:
    """A poisoned event parks its aggregate: it and what follows it are set aside, the rest has its effect."""
    aggregates = world.configuration.aggregates
    for event in batch:
        behind = not world.has(Plant.PARK_ALONE) and any(
            aggregates[event] == aggregates[parked] for parked in books.parked
        )
        if behind or event in world.configuration.poison:
            books = books._replace(parked=(*books.parked, event))
        else:
            books = books._replace(effects=(*books.effects, event))
    return books


def _acknowledge(state: State, _world: World, *, place: Place) -> Iterator[Step]:
    unacked = state.listeners[place.listener].workers[place.worker].unacked
    after = with_worker(_acknowledged(state, place.listener, batch=unacked), place, worker=Worker())
    yield Step("a worker acknowledges {}", unacked, after)


def _acknowledged(state: State, place: int, *, batch: Events) -> State:
    listener: Listener = state.listeners[place]
    return with_listener(state, place, listener=listener._replace(pending=without(listener.pending, batch)))


_STEPS: dict[WorkerStage, Callable[..., Iterator[Step]]] = {
    "idle": _start,
    "fetched": _begin,
    "applied": _commit,
    "moved": _late_effects,
    "committed": _acknowledge,
    "asking": repair.answers,
    "redriving": repair.redriven,
}
