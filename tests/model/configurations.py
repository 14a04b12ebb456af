"""The configurations that are explored: each is small and looks at one thing, in a short and a deep size."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Fault(StrEnum):
    """What may go wrong, at any step and as often as it likes."""

    LOSE = "the broker loses a stored message, or never delivers it to a listener"
    REPEAT = "the broker delivers again what was acknowledged, or what another worker holds"
    REORDER = "the broker delivers in any order"
    CRASH = "a worker crashes between any two steps"
    RELAY_CRASH = "a relay crashes between any two steps"
    STEAL = "a relay takes the lease from one that is only slow"
    UNCONFIRMED = "a publication is stored, or half stored, or not, and never confirmed"
    COPY = "an old copy of the broker's disk is put back"


@dataclass(frozen=True)
class Configuration:
    """`aggregates` names the aggregate of each event in the order of commits: its length bounds the log."""

    name: str
    looks_at: str
    aggregates: str
    faults: frozenset[Fault]
    poison: frozenset[int] = frozenset()
    listeners: int = 1
    workers: int = 1
    relays: int = 1
    batch: int = 2
    wipes: int = 0
    rollbacks: int = 0
    redrive: bool = False


DELIVERY = frozenset({Fault.LOSE, Fault.REPEAT, Fault.REORDER, Fault.CRASH})
PUBLICATION = frozenset({Fault.RELAY_CRASH, Fault.STEAL, Fault.UNCONFIRMED})

LOSSES = Configuration("losses", "one worker crashes while the broker loses and repeats", "AB", DELIVERY)
WORKERS = Configuration(
    "workers", "two workers of one listener overtake each other", "AB", DELIVERY - {Fault.LOSE}, workers=2
)
RELAYS = Configuration(
    "relays", "two relays believe they lead, publications stay unconfirmed", "AB", PUBLICATION, relays=2
)
WIPES = Configuration(
    "wipes",
    "the broker is wiped, an old copy of its disk is put back",
    "AB",
    frozenset({Fault.COPY}),
    wipes=1,
)
POISON = Configuration(
    "poison",
    "an event parks its aggregate, the other flows, a person drives the first again",
    "ABA",
    frozenset({Fault.CRASH}),
    poison=frozenset({0}),
    redrive=True,
)
DRIVEN = Configuration(
    "driven again",
    "a person drives an aggregate again while two workers park what follows",
    "AA",
    frozenset({Fault.CRASH}),
    poison=frozenset({0}),
    workers=2,
    redrive=True,
)
RESTORED = Configuration(
    "restored",
    "the speaker's database is set back and its numbers are used again",
    "ABA",
    frozenset({Fault.CRASH}),
    batch=1,
    rollbacks=1,
)
RESTORED_LOSSES = Configuration(
    "restored, losses",
    "the broker also loses what took the place of the old events",
    "AB",
    frozenset({Fault.LOSE}),
    rollbacks=1,
)
LISTENERS = Configuration(
    "listeners",
    "two listeners hear one speaker, each at its own pace",
    "AB",
    frozenset(),
    listeners=2,
    batch=1,
)
SHORT = (LOSSES, WORKERS, RELAYS, WIPES, POISON, DRIVEN, RESTORED, RESTORED_LOSSES, LISTENERS)
"""A few seconds: what `make test` explores, and where the faults are planted."""

DEEP = (
    replace(LOSSES, name="losses, 4 events", aggregates="ABAB", faults=DELIVERY - {Fault.REPEAT}),
    replace(WORKERS, name="workers, 3 events", aggregates="ABA", faults=DELIVERY),
    replace(RELAYS, name="relays, 3 events", aggregates="ABA"),
    replace(RELAYS, name="relays, losses", faults=PUBLICATION | {Fault.LOSE, Fault.CRASH}),
    replace(
        WIPES, name="wipes, crashes", faults=frozenset({Fault.COPY, Fault.RELAY_CRASH, Fault.CRASH}), wipes=2
    ),
    replace(POISON, name="poison, 4 events", aggregates="AABA"),
    replace(DRIVEN, name="driven, 3 events", aggregates="ABA"),
    replace(
        RESTORED, name="restored, faults", faults=frozenset({Fault.LOSE, Fault.REORDER, Fault.CRASH}), batch=2
    ),
    replace(
        RESTORED, name="restored twice", faults=frozenset({Fault.REORDER, Fault.CRASH}), batch=2, rollbacks=2
    ),
    replace(RESTORED, name="restored, 4 events", aggregates="ABAB", batch=2),
    replace(
        LISTENERS,
        name="listeners, restored",
        looks_at="of two listeners one may have heard what a restore lost",
        batch=2,
        rollbacks=1,
    ),
)
"""The same with more events and more faults at once: some minutes."""
