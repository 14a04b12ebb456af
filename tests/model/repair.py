"""How a listener repairs: the speaker's log settles every hole, lagging tail and doubt; parked events come back."""

from collections.abc import Iterator

from tests.model.plants import Plant
from tests.model.state import (
    NOBODY,
    Books,
    Listener,
    Log,
    State,
    Step,
    Watermark,
    Worker,
    with_listener,
    with_worker,
)
from tests.model.world import World


def announcements(state: State, world: World) -> Iterator[Step]:
    """The watermark is never stored by the broker: what is not heard is announced again."""
    if not world.repairs_tails:
        return
    log = state.log
    said = Watermark(len(log.rows), log.rows[-1] if log.rows else NOBODY)
    for place, listener in enumerate(state.listeners):
        if listener.heard != said:
            after = with_listener(state, place, listener=listener._replace(heard=said))
            yield Step("the speaker announces the head of its log", (), after)


def steps(state: State, world: World, *, place: tuple[int, int]) -> Iterator[Step]:
    """What an idle worker looks after: the watermark, and parked aggregates that a person drives again."""
    listener = state.listeners[place[0]]
    if world.repairs_tails and _differs(listener, world):
        yield from _look(state, world, place=place)
    if world.configuration.redrive and (world.has(Plant.REDRIVE_UNLOCKED) or not listener.locked):
        names = world.configuration.aggregates
        for aggregate in sorted({names[event] for event in listener.books.parked}):
            batch = tuple(event for event in listener.books.parked if names[event] == aggregate)
            after = with_worker(state, place, worker=Worker("redriving", batch))
            yield Step("a person drives {} again", batch, after, quiet=False)


def _differs(listener: Listener, world: World) -> bool:
    if world.has(Plant.NUMBERS_ONLY_WATERMARK):
        return listener.heard.number != listener.books.number
    return listener.heard != (listener.books.number, listener.books.last)


def _look(state: State, world: World, *, place: tuple[int, int]) -> Iterator[Step]:
    listener = state.listeners[place[0]]
    behind = listener.heard.number < listener.books.number
    if behind and world.has(Plant.BELIEVE_LOW_WATERMARK):
        yield _stop(state, place)
        return
    yield from _answer(state, world, worker=Worker("fetched"), place=place)


def answers(state: State, world: World, *, place: tuple[int, int]) -> Iterator[Step]:
    """The log replaces what the broker delivered: a stray of a log that is no more is dropped by that."""
    listener = state.listeners[place[0]]
    worker = listener.workers[place[1]]
    if world.has(Plant.WIPE_UNREPAIRED):
        yield Step("a worker gives its messages back", (), with_worker(state, place, worker=Worker()))
    elif world.has(Plant.BELIEVE_STRAYS) and _is_stray(state, place):
        yield _stop(state, place)
    else:
        yield from _answer(state, world, worker=worker, place=place)
    if world.has(Plant.SKIP_AFTER_A_WHILE) and worker.batch and not listener.locked:
        skipping = worker._replace(stage="applied")
        yield Step(
            "a worker has waited enough and applies {}",
            worker.batch,
            with_worker(state, place, worker=skipping),
        )


def _is_stray(state: State, place: tuple[int, int]) -> bool:
    """Whether what a worker could not place has a number that leaves nothing out."""
    listener = state.listeners[place[0]]
    doubtful = listener.workers[place[1]].batch
    return bool(doubtful) and state.log.number(doubtful[0]) <= listener.books.number + 1


def _answer(state: State, world: World, *, worker: Worker, place: tuple[int, int]) -> Iterator[Step]:
    listener = state.listeners[place[0]]
    if not in_log(listener.books, state.log):
        if not listener.locked:
            yield _stop(state, place)
        return
    found = state.log.after(listener.books.number)
    if world.has(Plant.PREFER_BROKER):
        delivered = {state.log.number(event): event for event in worker.unacked}
        found = tuple(delivered.get(state.log.number(event), event) for event in found)
    if found:
        fetched = Worker("fetched", found, worker.unacked)
        yield Step(
            "a worker asks the speaker's log and is given {}",
            found,
            with_worker(state, place, worker=fetched),
        )
    elif worker.unacked:
        done = Worker("committed", (), worker.unacked)
        yield Step(
            "the speaker's log does not know {}", worker.unacked, with_worker(state, place, worker=done)
        )


def in_log(books: Books, log: Log) -> bool:
    """Whether the last event applied is where the log has it."""
    return books.last == log.at(books.number) if books.number else True


def _stop(state: State, place: tuple[int, int]) -> Step:
    listener = state.listeners[place[0]]
    after = with_worker(state, place, worker=Worker(), books=listener.books._replace(stopped=True))
    return Step("the listener stops and rings the alarm", (), after)


def redriven(state: State, world: World, *, place: tuple[int, int]) -> Iterator[Step]:
    """The cause was mended, so the parked events of the aggregate have their effects now, in order."""
    books = state.listeners[place[0]].books
    batch = state.listeners[place[0]].workers[place[1]].batch
    names = world.configuration.aggregates
    rest = tuple(event for event in books.parked if names[event] != names[batch[0]])
    driven = books._replace(effects=(*books.effects, *batch), parked=rest)
    yield Step(
        "the effects of {} are committed", batch, with_worker(state, place, worker=Worker(), books=driven)
    )
