"""What must hold in every state, and what every state must be able to reach once it is quiet."""

from enum import Enum
from functools import cache
from itertools import pairwise

from tests.model.repair import in_log
from tests.model.state import NOBODY, Books, Events, Log, State
from tests.model.world import World


class Law(Enum):
    """A promise of the exchange."""

    PREFIX = (
        "what a listener applied or parked is the beginning of its speaker's log, exactly up to its position"
    )
    ONCE = "an event has its effect once or is parked, never twice and never both"
    ORDER = "an aggregate's effects come in order, and none behind one of its parked events"
    LINEAGE = "no event is applied behind another than its predecessor"
    CURSOR = "a relay's cursor never passes what the log holds without a gap"
    ALARM = "a listener stops only when its speaker's log lost what it applied"
    SETTLES = "once it is quiet, every listener reaches the head of the log, or has stopped with an alarm"


def broken(state: State, world: World) -> frozenset[Law]:
    """The laws that this state breaks; SETTLES is judged on the whole graph."""
    found: frozenset[Law] = frozenset()
    if state.cursor.through > state.log.head:
        found |= {Law.CURSOR}
    for listener in state.listeners:
        found |= _broken_by(listener.books, state.log, aggregates=world.configuration.aggregates)
    return found


def settled(state: State) -> bool:
    """Whether every listener is at the head of the log with nothing left out, or has stopped."""
    return all(listener.books.stopped or _has_all(listener.books, state.log) for listener in state.listeners)


def _has_all(books: Books, log: Log) -> bool:
    return {*books.effects, *books.parked} == {*log.rows} and books.number == len(log.rows)


@cache
def _broken_by(books: Books, log: Log, *, aggregates: str) -> frozenset[Law]:
    kept = {
        Law.PREFIX: any(_is_beginning(books, rows) for rows in (log.rows, *log.former)),
        Law.ONCE: _is_once(books),
        Law.ORDER: _is_in_order(books, log, aggregates=aggregates),
        Law.LINEAGE: _is_one_line(books, log),
        Law.ALARM: not (books.stopped and in_log(books, log)),
    }
    return frozenset(law for law, holds in kept.items() if not holds)


def _is_beginning(books: Books, rows: Events) -> bool:
    done = {*books.effects, *books.parked}
    last = rows[books.number - 1] if 0 < books.number <= len(rows) else NOBODY
    return done == {*rows[: books.number]} and books.last == last


def _is_once(books: Books) -> bool:
    done = [*books.effects, *books.parked]
    return len(done) == len(set(done))


def _is_in_order(books: Books, log: Log, *, aggregates: str) -> bool:
    for aggregate in {*aggregates}:
        effects = [log.number(event) for event in books.effects if aggregates[event] == aggregate]
        parked = [log.number(event) for event in books.parked if aggregates[event] == aggregate]
        story = [*effects, *parked]
        if story != sorted(story):
            return False
    return True


def _is_one_line(books: Books, log: Log) -> bool:
    """Of neighbours by number, each names the other as its predecessor."""
    line = sorted({*books.effects, *books.parked}, key=log.number)
    return all(
        log.events[later].previous == earlier
        for earlier, later in pairwise(line)
        if log.number(later) == log.number(earlier) + 1
    )
