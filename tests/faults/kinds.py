"""The faults by kind: each does its harm, undoes what does not undo itself, and says whom it hit."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random

from tests.faults import broker_faults, link_faults, poison, process_faults
from tests.faults.arena import Arena
from tests.faults.deck import KINDS

Fault = Callable[[Arena, Random], Awaitable[str]]

_ROOMS = (process_faults, broker_faults, link_faults, poison)

FAULTS: Mapping[str, Fault] = {
    kind: next(getattr(room, kind) for room in _ROOMS if hasattr(room, kind)) for kind in KINDS
}
