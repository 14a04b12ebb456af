"""What the speaker does: it commits events, its database is set back, and a person decides what that means."""

from collections.abc import Iterator

from tests.model.plants import Plant
from tests.model.state import NOBODY, Books, Event, Events, Log, Relay, State, Step, without
from tests.model.world import World


def steps(state: State, world: World) -> Iterator[Step]:
    if world.has(Plant.NUMBER_BEFORE_LOCK):
        yield from _numbers_before_the_lock(state, world)
    else:
        yield from _commit(state, world)
    yield from _restore(state, world)
    yield from _decide(state, world)


def _commit(state: State, world: World) -> Iterator[Step]:
    """The number is drawn under the lock that the commit releases: both are one step."""
    if len(state.log.events) < len(world.configuration.aggregates):
        yield _committed(state, len(state.log.rows) + 1)


def _numbers_before_the_lock(state: State, world: World) -> Iterator[Step]:
    log = state.log
    if len(log.events) + len(log.drawn) < len(world.configuration.aggregates):
        number = 1 + max([*log.drawn, *(event.number for event in log.events)], default=0)
        drawn = log._replace(drawn=(*log.drawn, number))
        yield Step("a transaction of the speaker draws the next number", (), state._replace(log=drawn))
    for number in log.drawn:
        rest = log._replace(drawn=without(log.drawn, (number,)))
        yield _committed(state._replace(log=rest), number)


def _committed(state: State, number: int) -> Step:
    log, identity = state.log, len(state.log.events)
    before = [row for row in log.rows if log.number(row) < number]
    behind = [row for row in log.rows if log.number(row) > number]
    grown = log._replace(
        events=(*log.events, Event(number, before[-1] if before else NOBODY)),
        rows=(*before, identity, *behind),
    )
    return Step("the speaker commits {}", (identity,), state._replace(log=grown), quiet=False)


def _restore(state: State, world: World) -> Iterator[Step]:
    """Cursors are in the same database and go back with it; a restore begins with its clients stopped."""
    if state.rollbacks == world.configuration.rollbacks:
        return
    log = state.log
    for kept in range(len(log.rows)):
        cut = log._replace(rows=log.rows[:kept], former=(*log.former, log.rows))
        relays = state.relays
        if not world.has(Plant.RELAY_OUTLIVES_RESTORE):
            relays = (Relay(),) * len(relays)
        after = state._replace(
            log=cut,
            cursor=state.cursor._replace(through=min(state.cursor.through, kept)),
            relays=relays,
            rollbacks=state.rollbacks + 1,
        )
        yield Step(
            "the speaker's database is set back: its log loses {}", log.rows[kept:], after, quiet=False
        )


def _decide(state: State, world: World) -> Iterator[Step]:
    """A person declares the events that a restore lost void: the log begins an epoch, their effects are undone."""
    stopped = any(listener.books.stopped for listener in state.listeners)
    if not stopped or any(listener.locked for listener in state.listeners):
        return
    lost = tuple(event for event in range(len(state.log.events)) if event not in state.log.rows)
    retired = () if world.has(Plant.DECIDE_WITHOUT_EPOCH) else lost
    after = state._replace(
        log=state.log._replace(former=(), retired=retired),
        listeners=tuple(
            listener._replace(books=_undone(listener.books, state.log)) for listener in state.listeners
        ),
    )
    yield Step("a person decides that {} never happened", lost, after, quiet=False)


def _undone(books: Books, log: Log) -> Books:
    """Books set back to the last event that the log and they have in common."""
    done = {*books.effects, *books.parked}
    common: Events = ()
    for row in log.rows:
        if row not in done:
            break
        common = (*common, row)
    return Books(
        number=len(common),
        last=common[-1] if common else NOBODY,
        effects=tuple(event for event in books.effects if event in common),
        parked=tuple(event for event in books.parked if event in common),
    )
