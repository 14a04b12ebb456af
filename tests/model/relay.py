"""What a relay does: it takes the lease, reads behind its cursor, publishes, and advances once confirmed."""

from collections.abc import Iterator

from tests.model.configurations import Fault
from tests.model.plants import Plant, Spare
from tests.model.state import Cursor, Events, Relay, State, Step, united
from tests.model.world import World


def steps(state: State, world: World) -> Iterator[Step]:
    for place, relay in enumerate(state.relays):
        if place and state.relays[place - 1] == relay:
            continue
        yield from _lease(state, world, place=place)
        if relay.stage == "ready":
            yield from _read(state, world, place=place)
        elif relay.stage == "read":
            yield from _publish(state, world, place=place)
        elif relay.stage in {"confirmed", "advanced"}:
            yield from _finish(state, world, place=place)
        if relay.stage != "down" and world.suffers(Fault.RELAY_CRASH):
            yield Step("a relay crashes", relay.batch, _with(state, place, relay=Relay()), quiet=False)


def _with(state: State, place: int, *, relay: Relay) -> State:
    relays = [*state.relays]
    relays[place] = relay
    return state._replace(relays=tuple(sorted(relays)))


def _lease(state: State, world: World, *, place: int) -> Iterator[Step]:
    """Whoever takes the lease draws a new fence, and looks at the broker before it reads."""
    if state.relays[place].stage != "down":
        return
    stolen = any(relay.leads for relay in state.relays)
    if stolen and not world.suffers(Fault.STEAL):
        return
    fenced = state._replace(relays=tuple(_fenced(relay) for relay in state.relays))
    after = _with(_looked(fenced, world), place, relay=Relay("ready", leads=True))
    said = "another relay takes the lease from one that still runs" if stolen else "a relay takes the lease"
    yield Step(said, (), after, quiet=not stolen)


def _fenced(relay: Relay) -> Relay:
    return Relay() if relay.stage == "ready" else relay._replace(leads=False)


def _looked(state: State, world: World) -> State:
    """The cursor rewinds to what the broker holds; to the beginning if it is another broker."""
    cursor, broker = state.cursor, state.broker
    tail = max((state.log.number(event) for event in broker.stored), default=0)
    if cursor.broker_epoch != broker.epoch:
        tail = 0
    if world.has(Plant.WIPE_UNREPAIRED):
        tail = cursor.through
    return state._replace(
        cursor=Cursor(min(cursor.through, tail), broker.epoch), broker=broker._replace(reset=False)
    )


def _read(state: State, world: World, *, place: int) -> Iterator[Step]:
    if state.broker.reset:
        yield Step("the relay reconnects and looks at what the broker holds", (), _looked(state, world))
        return
    batch = state.log.after(state.cursor.through)[: world.configuration.batch]
    if not batch:
        return
    if world.has(Plant.ADVANCE_FIRST):
        advanced = _advanced(state, batch)
        yield Step(
            "the relay advances over {}", batch, _with(advanced, place, relay=Relay("advanced", True, batch))
        )
    else:
        yield Step("the relay reads {}", batch, _with(state, place, relay=Relay("read", True, batch)))


def _publish(state: State, world: World, *, place: int) -> Iterator[Step]:
    relay = state.relays[place]
    confirmed = _with(state, place, relay=relay._replace(stage="confirmed"))
    yield Step("the broker confirms {}", relay.batch, _stored(confirmed, relay.batch))
    if world.suffers(Fault.UNCONFIRMED):
        again = _with(state, place, relay=Relay("ready", True) if relay.leads else Relay())
        for count in range(len(relay.batch) + 1):
            after = _stored(again, relay.batch[:count])
            yield Step(
                "the broker stores only {}, and confirms nothing", relay.batch[:count], after, quiet=False
            )


def _finish(state: State, world: World, *, place: int) -> Iterator[Step]:
    relay = state.relays[place]
    released = _with(state, place, relay=Relay("ready", True) if relay.leads else Relay())
    if relay.stage == "advanced":
        yield Step("the broker stores {}", relay.batch, _stored(released, relay.batch))
        if world.suffers(Fault.UNCONFIRMED):
            yield Step("the publication of {} is lost on its way", relay.batch, released, quiet=False)
    elif relay.leads or world.has(Spare.NO_RELAY_FENCE):
        yield Step("the relay advances over {}", relay.batch, _advanced(released, relay.batch))
    else:
        yield Step("the fence refuses that a relay advances over {}", relay.batch, released)


def _stored(state: State, batch: Events) -> State:
    return state._replace(
        broker=state.broker._replace(stored=united(state.broker.stored, batch)),
        listeners=tuple(
            listener._replace(pending=united(listener.pending, batch)) for listener in state.listeners
        ),
    )


def _advanced(state: State, batch: Events) -> State:
    through = max(state.cursor.through, state.log.number(batch[-1]))
    return state._replace(cursor=state.cursor._replace(through=through))
