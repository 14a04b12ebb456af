"""Bugs put into the kit or its ports on purpose, one at a time: the simulation has to find each of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from shared.events.envelope import Envelope
from shared.platform.event_log import partition_of
from shared.platform.exchange import applying
from shared.platform.exchange.applying import Read
from shared.platform.exchange.broker import Pulled
from shared.platform.exchange.intake_store import Held
from shared.platform.exchange.relay import Relay
from shared.platform.exchange.relay_store import Lease
from shared.platform.exchange.repair import Repair
from tests.simulation.broker import SimulatedPulls
from tests.simulation.database import Database, Unit
from tests.simulation.memories import IntakeMemoryTransaction, RelayMemory
from tests.simulation.tables import Tables

Change = tuple[object, str, Any]
Verdict = tuple[list[Read], dict[int, int]]


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Run with a bug, or with none."""
    with ExitStack() as stack:
        for owner, attribute, bug in PLANTS[name]() if name else ():
            stack.enter_context(swapped(owner, attribute, value=bug))
        yield


@contextmanager
def swapped(owner: object, attribute: str, *, value: Any) -> Iterator[None]:
    """Run with another value of an attribute."""
    right = getattr(owner, attribute)
    setattr(owner, attribute, value)
    try:
        yield
    finally:
        setattr(owner, attribute, right)


def _gaps_unseen() -> list[Change]:
    def contiguous(reads: Sequence[Read], held: dict[int, Held]) -> Verdict:
        reached = {partition: at.last_seq for partition, at in held.items()}
        fresh = []
        for read in reads:
            if read.envelope.sequence > reached[read.envelope.partition]:
                fresh.append(read)
                reached[read.envelope.partition] = read.envelope.sequence
        return fresh, {}

    return [(applying, "contiguous", contiguous)]


def _repeats_unseen() -> list[Change]:
    def contiguous(reads: Sequence[Read], held: dict[int, Held]) -> Verdict:
        reached = {partition: at.last_seq for partition, at in held.items()}
        fresh: list[Read] = []
        holes: dict[int, int] = {}
        for read in reads:
            at = read.envelope
            if at.sequence > reached[at.partition] + 1:
                holes.setdefault(at.partition, reached[at.partition])
                continue
            fresh.append(read)
            reached[at.partition] = max(at.sequence, reached[at.partition])
        return fresh, holes

    return [(applying, "contiguous", contiguous)]


def _lineage_ignored() -> list[Change]:
    def contiguous(reads: Sequence[Read], held: dict[int, Held]) -> Verdict:
        reached = {partition: at.last_seq for partition, at in held.items()}
        fresh: list[Read] = []
        holes: dict[int, int] = {}
        for read in reads:
            at = read.envelope
            if at.sequence == reached[at.partition] + 1:
                fresh.append(read)
                reached[at.partition] += 1
            elif at.sequence > reached[at.partition]:
                holes.setdefault(at.partition, reached[at.partition])
        return fresh, holes

    return [(applying, "contiguous", contiguous)]


def _confirmed_before_commit() -> list[Change]:
    right = SimulatedPulls.take

    async def take(self: SimulatedPulls, limit: int, *, within: float) -> list[Pulled]:
        pulled = await right(self, limit, within=within)
        await self.confirm(pulled)
        return pulled

    return [(SimulatedPulls, "take", take)]


def _position_in_another_transaction() -> list[Change]:
    right = IntakeMemoryTransaction.advance

    async def advance(self: IntakeMemoryTransaction, applied: Sequence[Envelope]) -> None:
        async with self._database.begin(self.work.life) as other:
            await right(IntakeMemoryTransaction(self._database, other), applied)

    return [(IntakeMemoryTransaction, "advance", advance)]


def _number_before_lock() -> list[Change]:
    async def append(self: Database, unit: Unit) -> None:
        # As a sequence gives numbers: at once, to whoever asks, and never again.
        self.tables.heads.update(self.number(unit))
        await self.ask(unit.life, "append", unit=unit)
        for partition in sorted({partition_of(fact.aggregate_id) for fact in unit.spoken}):
            await self.lock(unit, ("counter", partition))
        await self.answer(unit.life, "append")

    return [(Database, "append", append)]


def _fence_forgotten() -> list[Change]:
    right = RelayMemory.advance

    async def advance(self: RelayMemory, leases: Sequence[Lease], *, published: Sequence[Envelope]) -> bool:
        cursors = self._database.tables.cursors
        now = [
            Lease(at.partition, cursors[at.partition].through, cursors[at.partition].fence) for at in leases
        ]
        return await right(self, now, published=published)

    return [(RelayMemory, "advance", advance)]


def _cursor_before_broker() -> list[Change]:
    right = Relay.step

    async def step(self: Relay) -> bool:
        async def publish(envelopes: Sequence[Envelope]) -> None:
            await self._advance(envelopes)
            await honest(envelopes)

        broker: Any = self._broker
        honest = type(broker).publish.__get__(broker)
        broker.publish = publish
        return await right(self)

    return [(Relay, "step", step)]


def _broker_not_met() -> list[Change]:
    async def know_broker(_: Relay) -> bool:
        return True

    return [(Relay, "_know_broker", know_broker)]


def _tail_not_repaired() -> list[Change]:
    async def fetch(_: Repair, __: str, **___: int) -> None:
        """Leave it."""

    return [(Repair, "_fetch", fetch)]


def _positions_not_reported() -> list[Change]:
    async def report(_: Repair, __: str, ___: dict[int, Held]) -> None:
        """Say nothing."""

    return [(Repair, "_report", report)]


def _followers_not_parked() -> list[Change]:
    async def parked_aggregates(*_: object) -> set[str]:
        return set()

    return [(IntakeMemoryTransaction, "parked_aggregates", parked_aggregates)]


def _position_not_locked() -> list[Change]:
    right = Database.lock

    async def lock(_self: Database, unit: Unit, key: tuple[object, ...]) -> None:
        if key[0] != "position":
            await right(_self, unit, key)

    return [(Database, "lock", lock)]


def _digest_not_kept() -> list[Change]:
    def add_digests(_: IntakeMemoryTransaction, __: Tables, ___: Sequence[Envelope]) -> None:
        """Forget them."""

    return [(IntakeMemoryTransaction, "_add_digests", add_digests)]


def _machine_taken_for_poison() -> list[Change]:
    def blames_event(_: Exception) -> bool:
        return True

    return [(applying, "blames_event", blames_event)]


PLANTS: dict[str, Callable[[], list[Change]]] = {
    "gaps-unseen": _gaps_unseen,
    "repeats-unseen": _repeats_unseen,
    "lineage-ignored": _lineage_ignored,
    "confirmed-before-commit": _confirmed_before_commit,
    "position-in-another-transaction": _position_in_another_transaction,
    "position-not-locked": _position_not_locked,
    "number-before-lock": _number_before_lock,
    "fence-forgotten": _fence_forgotten,
    "cursor-before-broker": _cursor_before_broker,
    "broker-not-met": _broker_not_met,
    "tail-not-repaired": _tail_not_repaired,
    "positions-not-reported": _positions_not_reported,
    "followers-not-parked": _followers_not_parked,
    "digest-not-kept": _digest_not_kept,
    "machine-taken-for-poison": _machine_taken_for_poison,
}
