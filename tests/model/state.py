"""The state of the model: one partition of one speaker, its relays, a lossy broker, and those who listen.

Partitions share nothing, so one is enough. Everything is immutable and compared by value; workers and relays
of a kind are interchangeable, so they are kept sorted and two states that differ by their names are one.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from tests.model.configurations import Configuration

NOBODY = -1
"""The predecessor of a log's first event, and the last event of a listener that heard none."""

Events: TypeAlias = tuple[int, ...]
"""Events by their identity: 0 is the first that was ever committed."""

RelayStage: TypeAlias = Literal["down", "ready", "read", "confirmed", "advanced"]
WorkerStage: TypeAlias = Literal["idle", "fetched", "applied", "moved", "committed", "asking", "redriving"]


class Event(NamedTuple):
    """What an envelope says of its place: its number, and the identity of the event before it."""

    number: int
    previous: int


class Log(NamedTuple):
    """The speaker's database."""

    events: tuple[Event, ...] = ()
    """All that was ever committed; the index is the identity. Only the model remembers what a restore lost."""
    rows: Events = ()
    """What the log holds now, in the order of the numbers."""
    former: tuple[Events, ...] = ()
    """Logs that a restore cut, about which nobody has decided yet."""
    retired: Events = ()
    """Events of an earlier log epoch that the present log does not hold."""
    drawn: Events = ()
    """Numbers drawn and not committed: only a planted fault leaves any."""

    def number(self, event: int) -> int:
        return self.events[event].number

    def at(self, number: int) -> int:
        """The event that the log holds under a number; nobody before the first and after the last."""
        return self.rows[number - 1] if 0 < number <= len(self.rows) else NOBODY

    def after(self, number: int) -> Events:
        return tuple(event for event in self.rows if self.events[event].number > number)

    @property
    def head(self) -> int:
        """The number up to which every event is there."""
        reached = 0
        while reached < len(self.rows) and self.events[self.rows[reached]].number == reached + 1:
            reached += 1
        return reached


class Cursor(NamedTuple):
    """The relay's row in the speaker's database. Its fence is the `leads` of the relays: only equality counts."""

    through: int = 0
    broker_epoch: int = 0


class Relay(NamedTuple):
    """A relay process: its step, whether the fence it drew is still the last one, the batch in its hands."""

    stage: RelayStage = "down"
    leads: bool = False
    batch: Events = ()


class Copy(NamedTuple):
    """A copy of the broker's disk, taken at some time."""

    epoch: int
    stored: Events


class Broker(NamedTuple):
    """What the broker holds. A second copy of a message is a message delivered again, so a set is enough."""

    epoch: int = 0
    stored: Events = ()
    reset: bool = False
    """The connections were cut, and the relay has not looked at the broker since."""
    copy: Copy | None = None
    wipes: int = 0


class Books(NamedTuple):
    """What a listener keeps in its database."""

    number: int = 0
    last: int = NOBODY
    effects: Events = ()
    parked: Events = ()
    stopped: bool = False


class Worker(NamedTuple):
    """One replica of a listener; all of this is memory and gone after a crash."""

    stage: WorkerStage = "idle"
    batch: Events = ()
    unacked: Events = ()
    """Messages of the broker that will be acknowledged."""
    ask: bool = False
    """The batch went on behind a hole or a doubt, so the speaker's log has to be asked."""


class Watermark(NamedTuple):
    """What a speaker last announced: the number and the identity of the head of its log."""

    number: int = 0
    last: int = NOBODY


class Listener(NamedTuple):
    """A listener: its books, what it heard announced, what the broker still owes it, and its workers."""

    books: Books
    heard: Watermark
    pending: Events
    workers: tuple[Worker, ...]

    @property
    def locked(self) -> bool:
        return any(worker.stage in {"applied", "redriving"} for worker in self.workers)


class State(NamedTuple):
    log: Log
    cursor: Cursor
    relays: tuple[Relay, ...]
    broker: Broker
    listeners: tuple[Listener, ...]
    rollbacks: int = 0


class Step(NamedTuple):
    """One thing that may happen; `quiet` if it is no fault, no new work and nobody's decision."""

    said: str
    about: Events
    after: State
    quiet: bool = True


def beginning(configuration: Configuration) -> State:
    workers = (Worker(),) * configuration.workers
    return State(
        log=Log(),
        cursor=Cursor(),
        relays=(Relay(),) * configuration.relays,
        broker=Broker(),
        listeners=(Listener(Books(), Watermark(), (), workers),) * configuration.listeners,
    )


def with_worker(state: State, place: tuple[int, int], *, worker: Worker, books: Books | None = None) -> State:
    """The state in which one worker of one listener is another, and perhaps the listener's books."""
    before, heard, pending, workers = state.listeners[place[0]]
    others = (*workers[: place[1]], *workers[place[1] + 1 :])
    after = Listener(books or before, heard, pending, tuple(sorted((*others, worker))))
    return with_listener(state, place[0], listener=after)


def with_listener(state: State, place: int, *, listener: Listener) -> State:
    log, cursor, relays, broker, listeners, rollbacks = state
    heard = (*listeners[:place], listener, *listeners[place + 1 :])
    return State(log, cursor, relays, broker, heard, rollbacks)


def distinct_workers(listener: Listener) -> Iterator[tuple[int, Worker]]:
    """Workers in different states: of two alike, what one may do says it all."""
    for place, worker in enumerate(listener.workers):
        if place == 0 or listener.workers[place - 1] != worker:
            yield place, worker


def united(some: Events, others: Events) -> Events:
    return tuple(sorted({*some, *others}))


def without(some: Events, others: Events) -> Events:
    return tuple(event for event in some if event not in others)
