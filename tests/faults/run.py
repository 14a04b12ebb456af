"""A run from start to verdict: the stack, the load, the nemesis, quiet, the books."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from deploy.local.state import passwords
from tests.faults import report
from tests.faults.arena import Arena
from tests.faults.books import Books, audit
from tests.faults.deck import Planned
from tests.faults.doors import FIRST_DAY, LAST_DAY
from tests.faults.effects import check_cells
from tests.faults.ledger import Ledger
from tests.faults.load import Clients, Load, Pace
from tests.faults.nemesis import Injected, Nemesis
from tests.faults.rig import FULL, Rig, Roster, running_rig
from tests.faults.watch import Watch, table_of
from tests.support.living_stack import LivingStack
from tests.support.scenario import label_a_training

RESOLVE_WITHIN = 60.0
DRAIN_WITHIN = 120.0
SPARE = 400.0
"""Seconds beside the load: to start, to carry the last faults out, to get quiet, to do the books."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a run is asked for."""

    minutes: float
    seed: int
    plan: Sequence[Planned]
    state: str
    roster: Roster = field(default_factory=lambda: FULL)
    pace: Pace = field(default_factory=Pace)
    keep: bool = False
    """Keep data and logs even when all is well."""


@dataclass
class Outcome:
    """What came of a run."""

    wanted: Wanted
    books: Books
    ledger: Ledger
    injected: Sequence[Injected]
    not_drained: Sequence[str]
    died: dict[str, list[int]]

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, nothing else wrong, everything heard."""
        return not self.books.findings and not self.not_drained


class _Front(LivingStack):
    """The rig as the stories of other tests see a stack."""

    def __init__(self, rig: Rig, http: httpx.AsyncClient, *, clients: Clients) -> None:
        super().__init__(rig.place.port_base, http)
        self._rig = rig
        self._clients = clients

    def url(self, name: str) -> str:
        return self._rig.urls(name)[0]

    async def headers(self, client: str) -> dict[str, str]:
        return await self._clients.headers(client)


async def run(wanted: Wanted) -> Outcome:
    """Run; the rig is gone when this returns. Raises TimeoutError when it takes far too long."""
    async with (
        asyncio.timeout(wanted.minutes * 60 + SPARE),
        running_rig(state=wanted.state, roster=wanted.roster) as rig,
    ):
        clients = Clients(
            rig.place.urls["identity"], urls={service: rig.urls(service) for service in wanted.roster}
        )
        watch = Watch(rig.postgres)
        watching = asyncio.create_task(watch.run())
        try:
            await _set_the_scene(rig, clients, watch=watch)
            return await _attack(rig, clients, watch=watch, wanted=wanted)
        finally:
            watching.cancel()
            await clients.close()


async def _set_the_scene(rig: Rig, clients: Clients, *, watch: Watch) -> None:
    """A labelled training that everybody has heard of, and a copy of the broker's store from before all the rest."""
    async with httpx.AsyncClient(timeout=30) as http:
        await label_a_training(_Front(rig, http, clients=clients), on=FIRST_DAY, session_end=LAST_DAY)
    if not await watch.level(within=30):
        raise RuntimeError("the label was not heard")
    await rig.nats.stop()
    await rig.nats.keep_copy()
    await rig.nats.start()


async def _attack(rig: Rig, clients: Clients, *, watch: Watch, wanted: Wanted) -> Outcome:
    ledger, arena = Ledger(), Arena(rig)
    load = Load(clients, ledger, rng=Random(wanted.seed), pace=wanted.pace)
    nemesis = Nemesis(arena, watch)
    loading = asyncio.create_task(load.run())
    try:
        await asyncio.gather(nemesis.run(wanted.plan), asyncio.sleep(wanted.minutes * 60))
        say("quiet: no new faults, no new load")
        load.stop()
        # What is still in doubt after this is found by the books.
        await asyncio.wait([loading], timeout=RESOLVE_WITHIN)
    finally:
        loading.cancel()
    drained = await watch.level(within=DRAIN_WITHIN)
    behind = () if drained or watch.latest is None else table_of(watch.latest.behind(watch.latest.heads))
    books = await _books(rig, arena, ledger=ledger)
    died = {kept.name: kept.codes for kept in rig.keeper.kept if kept.died_by_itself}
    outcome = Outcome(wanted, books, ledger, nemesis.injected, behind, died)
    if not outcome.good or wanted.keep:
        rig.keep_folder = True
        say(f"data and logs stay in .local/{rig.place.state}")
    return outcome


async def _books(rig: Rig, arena: Arena, *, ledger: Ledger) -> Books:
    connection = await rig.postgres.superuser()
    try:
        books = await audit(connection, ledger=ledger, planted=arena.planted)
    finally:
        await connection.close()
    password = passwords(rig.place)["indicators_worker"]
    port = rig.place.ports["postgres"]
    await check_cells(
        f"postgresql+asyncpg://indicators_worker:{password}@127.0.0.1:{port}/tremplin", books.findings
    )
    return books


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")


def show(outcome: Outcome) -> int:
    """Print the tables and the line for machines; gives the exit code."""
    for line in report.table(outcome):
        print(line)
    print(json.dumps(report.summary(outcome)))
    return 0 if outcome.good else 1
