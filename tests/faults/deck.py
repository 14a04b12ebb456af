"""Which faults a run has and when: planned from minutes and seed alone, so that coverage is a property of the plan."""

from dataclasses import dataclass
from random import Random

KINDS = (
    "kill_api",
    "kill_relay",
    "kill_intake",
    "freeze_relay",
    "freeze_intake",
    "freeze_briefly",
    "two_relays",
    "postgres_restarted",
    "backends_terminated",
    "nats_killed",
    "nats_wiped_running",
    "nats_wiped_stopped",
    "nats_old_copy",
    "consumer_deleted",
    "stream_deleted",
    "nats_black_hole",
    "nats_slow",
    "nats_one_way",
    "nats_reset",
    "postgres_black_hole",
    "postgres_slow",
    "postgres_reset",
    "poison_message",
    "poison_logged",
)
EVERY = 5.0
"""Seconds between two faults, on average."""


@dataclass(frozen=True)
class Planned:
    """One fault of a plan."""

    at: float
    kind: str
    seed: int
    """Of everything else this fault draws: whom it hits, how hard, for how long."""


def draws(minutes: float) -> int:
    """How many faults a run of this length has."""
    return max(1, int(minutes * 60 / EVERY))


def plan(minutes: float, *, seed: int, kinds: tuple[str, ...] = KINDS) -> list[Planned]:
    """The faults of a run, in the order of their times.

    One deck of all kinds lies in a circle. A run takes as many cards as it has faults, from where the run of the seed
    before stopped, and shuffles its own hand: successive seeds use all kinds up equally, in ever other company.
    """
    rng = Random(f"{seed} {minutes}")
    count = draws(minutes)
    first = seed * count
    hand = [kinds[(first + card) % len(kinds)] for card in range(count)]
    rng.shuffle(hand)
    # At any time: some come together, and sometimes there is peace.
    times = sorted(rng.uniform(0.5, minutes * 60 - 0.5) for _ in hand)
    return [Planned(at, kind, rng.getrandbits(32)) for at, kind in zip(times, hand, strict=True)]
