"""A counterexample in sentences: what happened, where that leads, and the law it breaks."""

from collections.abc import Iterator

from tests.model.explorer import Counterexample
from tests.model.laws import Law
from tests.model.state import Events, Listener, Log, State
from tests.model.world import World


def lines(found: Counterexample, world: World) -> Iterator[str]:
    for place, step in enumerate(found.steps, start=1):
        said = step.said.format(_named(step.about, step.after.log, world=world))
        yield f"{place:>3}. {said[0].upper()}{said[1:]}."
    after = found.steps[-1].after
    yield f"     {'From here on, however long it is quiet' if found.law is Law.SETTLES else 'Then'}:"
    yield from (f"     {line}" for line in _picture(after))
    yield f"     Broken: {found.law.value}."


def _named(events: Events, log: Log, *, world: World) -> str:
    """Events by number and aggregate; a star marks a number that is used again after a restore."""
    aggregates = world.configuration.aggregates
    names = [f"{_number(event, log)} ({aggregates[event]})" for event in events]
    return " and ".join(names) if names else "nothing"


def _number(event: int, log: Log) -> str:
    earlier = [other.number for other in log.events[:event]].count(log.number(event))
    return f"{log.number(event)}{'*' * earlier}"


def _picture(state: State) -> Iterator[str]:
    yield f"the log holds {_list(state.log.rows, state.log)}; the relay's cursor is at {state.cursor.through}"
    yield f"the broker holds {_list(state.broker.stored, state.log)}"
    for listener in state.listeners:
        yield f"a listener is at {_books(listener, state.log)}"


def _books(listener: Listener, log: Log) -> str:
    books = listener.books
    stopped = ", and has stopped" if books.stopped else ""
    effects, parked = _list(books.effects, log), _list(books.parked, log)
    return f"position {books.number}, with the effects of {effects}, and {parked} parked{stopped}"


def _list(events: Events, log: Log) -> str:
    return ", ".join(_number(event, log) for event in events) if events else "nothing"
