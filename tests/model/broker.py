"""What the broker does to its messages: it loses them, repeats them, is wiped, and comes back as an old copy."""

from collections.abc import Iterator

from tests.model.configurations import Fault
from tests.model.state import Broker, Copy, Events, Listener, State, Step, united, with_listener, without
from tests.model.world import World


def steps(state: State, world: World) -> Iterator[Step]:
    if world.suffers(Fault.LOSE):
        yield from _lose(state)
    if world.suffers(Fault.REPEAT):
        yield from _repeat(state)
    if state.broker.wipes < world.configuration.wipes:
        yield from _wipe(state)
    if world.suffers(Fault.COPY):
        yield from _copy(state)


def _lose(state: State) -> Iterator[Step]:
    broker = state.broker
    for event in broker.stored:
        rest = broker._replace(stored=without(broker.stored, (event,)))
        after = state._replace(
            broker=rest, listeners=tuple(_forgetting(listener, event) for listener in state.listeners)
        )
        yield Step("the broker loses {}", (event,), after, quiet=False)
    for place, listener in enumerate(state.listeners):
        for event in listener.pending:
            after = with_listener(state, place, listener=_forgetting(listener, event))
            yield Step("the broker never delivers {} to a listener", (event,), after, quiet=False)


def _forgetting(listener: Listener, event: int) -> Listener:
    return listener._replace(pending=without(listener.pending, (event,)))


def _repeat(state: State) -> Iterator[Step]:
    for place, listener in enumerate(state.listeners):
        for event in without(state.broker.stored, listener.pending):
            again = listener._replace(pending=united(listener.pending, (event,)))
            yield Step(
                "the broker will deliver {} again",
                (event,),
                with_listener(state, place, listener=again),
                quiet=False,
            )


def _wipe(state: State) -> Iterator[Step]:
    broker = state.broker
    wiped = Broker(epoch=broker.wipes + 1, reset=True, copy=broker.copy, wipes=broker.wipes + 1)
    yield Step("the broker is wiped and made anew", (), _holding(state, wiped), quiet=False)


def _copy(state: State) -> Iterator[Step]:
    broker = state.broker
    if broker.copy is None:
        kept = broker._replace(copy=Copy(broker.epoch, broker.stored))
        yield Step("somebody copies the broker's disk", (), state._replace(broker=kept), quiet=False)
    else:
        old = broker._replace(epoch=broker.copy.epoch, stored=broker.copy.stored, reset=True)
        yield Step("the old copy with {} is put back", old.stored, _holding(state, old), quiet=False)


def _holding(state: State, broker: Broker) -> State:
    """Consumers come back with their broker: it owes them all that it holds."""
    stored: Events = broker.stored
    return state._replace(
        broker=broker, listeners=tuple(listener._replace(pending=stored) for listener in state.listeners)
    )
