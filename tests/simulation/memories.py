"""The kit's stores over a simulated database: the statements of `relay_store.py` and `intake_store.py`, as Python."""

import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from shared.events.envelope import Envelope
from shared.events.watermark import Watermark
from shared.platform.exchange.broker import Holding
from shared.platform.exchange.feed import Answer, FeedUnavailable
from shared.platform.exchange.intake_store import Held, digests_of
from shared.platform.exchange.relay_store import LOG_WENT_BACK, Lease, shares_of
from tests.simulation.books import check_cursor
from tests.simulation.database import Database, Unit
from tests.simulation.loop import Life
from tests.simulation.tables import Cursor, Leased, Parked, Tables
from tests.simulation.world import World

PAGE = 8
"""Events that the feed gives at once: few, so that a hole takes several questions."""


class RelayMemory:
    """A relay's memory; each statement is one step at the server."""

    def __init__(self, database: Database, life: Life) -> None:
        self._database = database
        self._life = life

    @asynccontextmanager
    async def _statement(self, what: str) -> AsyncIterator[Tables]:
        await self._database.ask(self._life, what)
        yield self._database.tables
        await self._database.answer(self._life, what)

    async def take_leases(self, owner: UUID, *, seconds: float) -> list[Lease]:
        now = self._database.world.loop.time()
        async with self._statement("take_leases") as tables:
            now = self._database.world.loop.time()
            for partition, cursor in tables.cursors.items():
                if tables.relay_halted is None and (cursor.owner in {None, owner} or cursor.until < now):
                    fence = cursor.fence + (cursor.owner != owner)
                    tables.cursors[partition] = Cursor(cursor.through, owner, now + seconds, fence)
            return [
                Lease(partition, cursor.through, cursor.fence)
                for partition, cursor in tables.cursors.items()
                if cursor.owner == owner and tables.relay_halted is None
            ]

    async def release_leases(self, owner: UUID) -> None:
        async with self._statement("release_leases") as tables:
            for partition, cursor in tables.cursors.items():
                if cursor.owner == owner:
                    tables.cursors[partition] = replace(cursor, owner=None, until=0.0)

    async def unpublished(self, leases: Sequence[Lease], *, limit: int) -> list[Envelope]:
        async with self._statement("unpublished") as tables:
            behind = [lease for lease in leases if tables.heads[lease.partition][0] > lease.through]
            wanted = [min(tables.heads[lease.partition][0] - lease.through, limit) for lease in behind]
            shares = zip(behind, shares_of(wanted, room=limit), strict=True)
            return [
                row
                for lease, share in sorted(shares, key=lambda found: found[0].partition)
                for row in tables.rows(lease.partition, after=lease.through)[:share]
            ]

    async def advance(self, leases: Sequence[Lease], *, published: Sequence[Envelope]) -> bool:
        last = {envelope.partition: envelope for envelope in published}
        moved = 0
        async with self._statement("advance") as tables:
            for lease in leases:
                cursor, event = tables.cursors[lease.partition], last[lease.partition]
                held = any(row.id == event.id for row in tables.log[lease.partition])
                if cursor.fence == lease.fence and cursor.through == lease.through and held:
                    check_cursor(self._database.world, self._database.service, tables=tables, event=event)
                    tables.cursors[lease.partition] = replace(cursor, through=event.sequence)
                    moved += 1
        return moved == len(leases)

    async def watermark(self) -> Watermark:
        async with self._statement("watermark") as tables:
            return Watermark(tables.epoch, {number: head for number, (head, _) in tables.heads.items()})

    async def meet(self, holding: Holding) -> str | None:
        async with self._statement("meet") as tables:
            tails = {number: tail for number, tail in holding.tails.items() if tail.epoch == tables.epoch}
            if tables.relay_halted is None:
                places = [(number, tail.seq, tail.id) for number, tail in tails.items()]
                forgotten = any(tail.epoch not in tables.epochs for tail in holding.tails.values())
                if forgotten or tables.strangers(places):
                    tables.relay_halted = LOG_WENT_BACK
                else:
                    self._set_back(tables, {number: tail.seq for number, tail in tails.items()})
            return tables.relay_halted

    def _set_back(self, tables: Tables, tails: dict[int, int]) -> None:
        for partition, cursor in tables.cursors.items():
            heard = min((seq for (_, number), seq in tables.heard.items() if number == partition), default=0)
            through = max(tails.get(partition, 0), heard)
            if cursor.through > through:
                tables.cursors[partition] = replace(cursor, through=through, fence=cursor.fence + 1)
                self._database.world.truth.confirmed[self._database.service, partition].clear()


class IntakeMemoryTransaction:
    """Positions and effects that advance together."""

    def __init__(self, database: Database, unit: Unit) -> None:
        self._database = database
        self._unit = unit
        self.work = unit

    async def lock(self, source: str, partitions: Iterable[int]) -> dict[int, Held]:
        await self._database.ask(self._unit.life, "lock", unit=self._unit)
        held = {}
        for partition in sorted(set(partitions)):
            await self._database.lock(self._unit, ("position", source, partition))
            held[partition] = replace(
                self._database.tables.positions.get((source, partition), Held()),
                halted=source in self._database.tables.halted,
            )
        await self._database.answer(self._unit.life, "lock")
        return held

    async def parked_aggregates(self, source: str, aggregates: Iterable[str]) -> set[str]:
        await self._database.ask(self._unit.life, "parked_aggregates", unit=self._unit)
        tables = self._database.tables
        found = {aggregate for aggregate in aggregates if tables.is_parked(source, aggregate)}
        await self._database.answer(self._unit.life, "parked_aggregates")
        return found

    async def park(self, parked: Sequence[tuple[Envelope, str]]) -> None:
        await self._database.ask(self._unit.life, "park", unit=self._unit)
        rows = [Parked(envelope, reason) for envelope, reason in parked]
        self._unit.parked += rows
        places = {(row.envelope.speaker, row.envelope.partition, row.envelope.sequence): row for row in rows}
        # ON CONFLICT DO NOTHING
        self._unit.writes.append(lambda tables: tables.parked.update(places | tables.parked))
        await self._database.answer(self._unit.life, "park")

    async def advance(self, applied: Sequence[Envelope]) -> None:
        await self._database.ask(self._unit.life, "advance", unit=self._unit)
        source = applied[0].speaker
        tables = self._database.tables
        for envelope in applied:
            place = (source, envelope.partition)
            before = (
                self._unit.moves[place][0]
                if place in self._unit.moves
                else tables.positions.get(place, Held())
            )
            self._unit.moves[place] = (before, Held(envelope.sequence, envelope.id, envelope.epoch))
        self._unit.writes.append(lambda tables: self._advance(tables, applied))
        await self._database.answer(self._unit.life, "advance")

    def _advance(self, tables: Tables, applied: Sequence[Envelope]) -> None:
        source = applied[0].speaker
        for envelope in applied:
            held = Held(envelope.sequence, envelope.id, envelope.epoch)
            tables.positions[source, envelope.partition] = held
        self._add_digests(tables, applied)

    def _add_digests(self, tables: Tables, applied: Sequence[Envelope]) -> None:
        source = applied[0].speaker
        for (partition, hour), (events, digest) in digests_of(applied).items():
            known = tables.digests.get((source, partition, hour), (0, 0))
            tables.digests[source, partition, hour] = (known[0] + events, known[1] + digest)


class IntakeMemory:
    """A listener's memory."""

    def __init__(self, database: Database, life: Life) -> None:
        self._database = database
        self._life = life

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[IntakeMemoryTransaction]:
        async with self._database.begin(self._life) as unit:
            yield IntakeMemoryTransaction(self._database, unit)

    @asynccontextmanager
    async def _statement(self, what: str) -> AsyncIterator[Tables]:
        await self._database.ask(self._life, what)
        yield self._database.tables
        await self._database.answer(self._life, what)

    async def positions(self, source: str) -> dict[int, Held]:
        async with self._statement("positions") as tables:
            found = {place[1]: held for place, held in tables.positions.items() if place[0] == source}
        return dict(sorted(found.items()))

    async def share(self, source: str, *, durables: Sequence[str], me: UUID, seconds: float) -> set[str]:
        async with self._statement("share") as tables:
            now = self._database.world.loop.time()
            tables.members[source, me] = now + seconds
            alive = sum(until > now for (heard, _), until in tables.members.items() if heard == source)
            ranked = _ranked(tables, durables, me=me, now=now)
            kept = set(ranked[: math.ceil(len(durables) / alive)])
            for name in ranked:
                if name in kept:
                    tables.leases[name] = Leased(me, now + seconds)
                elif tables.leases.get(name, Leased()).owner == me:
                    tables.leases[name] = Leased()
        return kept

    async def leave(self, me: UUID) -> None:
        async with self._statement("leave") as tables:
            tables.leases = {
                name: Leased() if lease.owner == me else lease for name, lease in tables.leases.items()
            }
            tables.members = {key: until for key, until in tables.members.items() if key[1] != me}

    async def halted(self, source: str) -> str | None:
        async with self._statement("halted") as tables:
            return tables.halted.get(source)

    async def halt(self, source: str, *, reason: str, detail: dict[str, Any]) -> None:
        async with self._statement(f"halt {source} {reason} {detail}") as tables:
            tables.halted.setdefault(source, reason)


def _ranked(tables: Tables, durables: Sequence[str], *, me: UUID, now: float) -> list[str]:
    """Durables that are mine or free, mine first."""
    ranked = []
    for name in sorted(durables):
        lease = tables.leases.get(name, Leased())
        mine = lease.owner == me and lease.until > now
        if mine or lease.owner is None or lease.until <= now:
            ranked.append((not mine, name))
    return [name for _, name in sorted(ranked)]


class SpeakersAsked:
    """The speakers' logs over HTTP, asked by one process."""

    def __init__(self, world: World, databases: dict[str, Database], life: Life) -> None:
        self._world = world
        self._databases = databases
        self._life = life

    async def _reach(self, speaker: str, what: str) -> Tables:
        await self._world.travel(self._life, f"{what} >")
        database = self._databases[speaker]
        if database.away or database.http_away or self._world.happens("feed_away"):
            raise FeedUnavailable(speaker)
        return database.tables

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        what = f"feed {speaker}/{partition:02d} after {after}"
        tables = await self._reach(speaker, what)
        found = tables.rows(partition, after=after)[:PAGE]
        await self._world.travel(self._life, f"{what} <")
        return found

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        tables = await self._reach(speaker, f"report {speaker}")
        places = [(number, at.last_seq, at.last_id) for number, at in held.items() if at.last_id]
        strange = tables.strangers(places)
        for partition, seq, _ in places:
            if held[partition].epoch == tables.epoch and partition not in strange:
                tables.heard[self._life.service, partition] = seq
        answer = Answer(tables.epoch, strange)
        await self._world.travel(self._life, f"report {speaker} <")
        return answer
