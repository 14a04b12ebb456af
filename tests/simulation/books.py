"""The books: what must hold at every commit, and what must hold once all is quiet."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from shared.events.envelope import Envelope
from shared.platform.exchange.intake_store import ID_BITS, Held
from shared.platform.topology import HEARS, PARTITIONS
from tests.simulation.tables import Parked, Tables
from tests.simulation.truth import Event, Place
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.broker import Server
    from tests.simulation.database import Database, Unit

REASONS = {"unknown": "unknown_type", "bad": "bad_data"}
REFUSALS = {"ValueError", "IntegrityError 23514"}
BEHIND = "behind_parked"


def check_commit(world: World, service: str, *, tables: Tables, unit: "Unit") -> None:
    """A commit keeps the log gapless, and moves positions exactly over what it applied or parked."""
    _check_rows(world, service, tables=tables, unit=unit)
    touched = {(effect.source, effect.partition) for effect in unit.effects}
    touched |= {(row.envelope.speaker, row.envelope.partition) for row in unit.parked}
    for place in sorted(touched | unit.moves.keys()):
        _check_place(world, service, tables=tables, unit=unit, place=place)


def _check_rows(world: World, service: str, *, tables: Tables, unit: "Unit") -> None:
    reached: dict[int, tuple[int, object]] = {}
    for row, _ in unit.rows:
        log = tables.log[row.partition]
        last = (log[-1].sequence, log[-1].id) if log else (0, None)
        seq, previous = reached.get(row.partition, last)
        if (row.sequence, row.previous_id) != (seq + 1, previous):
            raise world.violated(
                f"log of {service}: {row.sequence} follows {seq} in partition {row.partition}"
            )
        reached[row.partition] = (row.sequence, row.id)
    answered = [effect for effect in unit.effects if effect.source == "enrolment"]
    if service == "followup" and len(answered) != len(unit.rows):
        raise world.violated(f"{service} answered {len(unit.rows)} times to {len(answered)} events")


def _check_place(world: World, service: str, *, tables: Tables, unit: "Unit", place: Place) -> None:
    where = f"{service} of {place[0]}/{place[1]:02d}"
    held = tables.positions.get(place, Held())
    after = unit.moves[place][1] if place in unit.moves else held
    if after.last_seq < held.last_seq:
        raise world.violated(f"{where}: position goes back from {held.last_seq} to {after.last_seq}")
    passed = _passed(world, where, held=held, after=after)
    effects = [effect for effect in unit.effects if (effect.source, effect.partition) == place]
    parked = {row.envelope.id: row for row in unit.parked if _place(row) == place}
    for effect in effects:
        if effect.id in tables.effects:
            raise world.violated(f"{where}: {effect.seq} counted twice")
    done = [effect.id for effect in effects] + list(parked)
    if len(done) != len(set(done)) or not set(done) <= {event.id for event in passed}:
        raise world.violated(f"{where}: an effect without its position, or two for one event")
    stuck = {row.envelope.aggregate_id for row in tables.parked.values() if row.envelope.speaker == place[0]}
    for event in passed:
        _check_event(
            world, where, event=event, parked=parked.get(event.id), stuck=stuck, done=event.id in done
        )
    order = [effect.seq for effect in effects]
    if order != sorted(order):
        raise world.violated(f"{where}: applied in the order {order}")
    reached = world.truth.reached
    reached[service, *place] = max(reached[service, *place], after.last_seq)


def _passed(world: World, where: str, *, held: Held, after: Held) -> list[Event]:
    """The events a position moves over, oldest first; they name one another without a gap."""
    passed = world.truth.between(after.last_id, down_to=held.last_seq)[::-1]
    numbers = [event.seq for event in passed]
    before = passed[0].previous_id if passed else held.last_id
    if numbers != list(range(held.last_seq + 1, after.last_seq + 1)) or before != held.last_id:
        raise world.violated(f"{where}: from {held.last_seq} to {after.last_seq} without what lies between")
    return passed


def _check_event(
    world: World, where: str, *, event: Event, parked: Parked | None, stuck: set[str], done: bool
) -> None:
    """Applied or parked, for the right reason, and never past a parked one of its aggregate."""
    if parked is None:
        if event.aggregate in stuck:
            raise world.violated(f"{where}: {event.seq} passed a parked event of its aggregate")
        if not done and event.kind != "unwanted":
            raise world.violated(f"{where}: {event.seq} ({event.kind}) neither applied nor parked")
        if done and event.kind != "plain":
            raise world.violated(f"{where}: {event.seq} ({event.kind}) applied")
        return
    if event.kind in REASONS:
        right = parked.reason == REASONS[event.kind]
    elif event.aggregate in stuck:
        right = parked.reason == BEHIND
    else:
        right = event.kind == "refused" and parked.reason in REFUSALS
    stuck.add(event.aggregate)
    if not right:
        raise world.violated(f"{where}: {event.seq} ({event.kind}) parked as {parked.reason}")


def _place(row: Parked) -> Place:
    return row.envelope.speaker, row.envelope.partition


def check_cursor(world: World, service: str, *, tables: Tables, event: Envelope) -> None:
    """A cursor passes only what a broker has confirmed since it last went back."""
    confirmed = world.truth.confirmed[service, event.partition]
    through = tables.cursors[event.partition].through
    for row in tables.log[event.partition]:
        if through < row.sequence <= event.sequence and row.id not in confirmed:
            where = f"relay of {service}/{event.partition:02d}"
            raise world.violated(f"{where}: the cursor passes {row.sequence}, which no broker has confirmed")


def check_confirmed(world: World, listener: str, *, sound: Iterable[tuple[Place, int]]) -> None:
    """Nothing is confirmed to the broker before it was applied or parked in a commit."""
    for (speaker, partition), seq in sound:
        if world.truth.reached[listener, speaker, partition] < seq:
            raise world.violated(f"{listener} confirmed {speaker}/{partition:02d}/{seq} before its commit")


def unsettled(world: World, databases: dict[str, "Database"], *, listeners: Iterable[str]) -> Iterator[str]:
    """What is not yet, or not at all, as it must be when all is quiet."""
    for service, database in databases.items():
        if database.tables.relay_halted is not None:
            if service not in world.truth.gone_back:
                yield f"relay of {service} halted ({database.tables.relay_halted}) though its log never went back"
            continue
        for partition, (head, _) in database.tables.heads.items():
            through = database.tables.cursors[partition].through
            if through != head:
                yield f"relay of {service}/{partition:02d} stands at {through} of {head}"
    for listener in listeners:
        for source in HEARS[listener]:
            yield from _unheard(world, databases, listener=listener, source=source)


def unmet(databases: dict[str, "Database"], server: "Server") -> Iterator[str]:
    """A relay whose broker holds what its log has lost must have stopped."""
    for service, database in databases.items():
        tails = server.tails(service).tails.items()
        known = [(number, at.seq, at.id) for number, at in tails if at.epoch == database.tables.epoch]
        strange = database.tables.strangers(known)
        if strange and database.tables.relay_halted is None:
            yield f"relay of {service} goes on though the broker holds what its log has lost of {strange}"


def _unheard(world: World, databases: dict[str, "Database"], *, listener: str, source: str) -> Iterator[str]:
    tables, spoken = databases[listener].tables, databases[source].tables
    held = {number: tables.positions.get((source, number), Held()) for number in range(PARTITIONS)}
    where = f"{listener} of {source}"
    yield from _wrong_digests(world, where, tables=tables, held=held)
    places = [(number, at.last_seq, at.last_id) for number, at in held.items() if at.last_id]
    strange = spoken.strangers(places) or [
        number for number, at in held.items() if at.epoch not in {None, spoken.epoch}
    ]
    if source in tables.halted:
        if source not in world.truth.gone_back:
            yield f"{where} halted ({tables.halted[source]}) though that log never went back"
        return
    if strange:
        yield f"{where} follows on though {strange} of that log went back"
        return
    if spoken.relay_halted is not None:
        return
    for number, at in held.items():
        if at.last_seq != spoken.heads[number][0]:
            yield f"{where}/{number:02d} stands at {at.last_seq} of {spoken.heads[number][0]}"


def _wrong_digests(world: World, where: str, *, tables: Tables, held: dict[int, Held]) -> Iterator[str]:
    source = where.rpartition(" ")[2]
    summed: dict[tuple[str, int, object], tuple[int, int]] = {}
    for number, at in held.items():
        for event in world.truth.between(at.last_id, down_to=0):
            events, digest = summed.get((source, number, event.hour), (0, 0))
            summed[source, number, event.hour] = (events + 1, digest + (event.id.int & ID_BITS))
    kept = {key: value for key, value in tables.digests.items() if key[0] == source}
    if kept != summed:
        yield f"{where}: digests are not those of what was heard"


def strangers_are_what_was_lost(world: World, databases: dict[str, "Database"]) -> Iterator[str]:
    """What listeners have too many of a log that went back is what its commits after the cut were, nothing else."""
    for listener, database in databases.items():
        for source in HEARS[listener]:
            rows = databases[source].tables.log
            for number, row in rows.items():
                held = database.tables.positions.get((source, number), Held())
                known = {envelope.id for envelope in row}
                for event in world.truth.between(held.last_id, down_to=0):
                    if event.id not in known and event.id not in world.truth.forgotten:
                        yield f"{listener} of {source}/{number:02d} has {event.seq}, which was never committed there"
