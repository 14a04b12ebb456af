"""Where a run or a scenario takes place: the rig, its clients, the watch, a labelled training, and the books."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from deploy.local.place import HOST
from deploy.local.postgres import DATABASE
from deploy.local.state import passwords
from tests.faults.arena import Planted
from tests.faults.books import Books, audit
from tests.faults.doors import FIRST_DAY, LAST_DAY
from tests.faults.effects import check_cells
from tests.faults.ledger import Ledger
from tests.faults.load import Clients
from tests.faults.rig import Rig, Roster, running_rig
from tests.faults.watch import Watch, table_of
from tests.support.living_stack import LivingStack
from tests.support.scenario import label_a_training

LABEL_HEARD_WITHIN = 30.0


class _Front(LivingStack):
    """The rig as the stories of other tests see a stack."""

    def __init__(self, rig: Rig, http: httpx.AsyncClient, *, clients: Clients) -> None:
        super().__init__(rig.place.port_base, http, rig.place.directory)
        self._rig = rig
        self._clients = clients

    def url(self, name: str) -> str:
        return self._rig.urls(name)[0]

    async def headers(self, client: str) -> dict[str, str]:
        return await self._clients.headers(client)


@dataclass(frozen=True)
class Stage:
    """A rig that is watched."""

    rig: Rig
    clients: Clients
    watch: Watch

    async def behind(self, *, within: float) -> Sequence[str]:
        """Wait until every listener has heard everything; who has not, one line each."""
        if await self.watch.level(within=within):
            return ()
        latest = self.watch.latest
        return ["nobody could look"] if latest is None else table_of(latest.behind(latest.heads))

    async def books(self, ledger: Ledger, *, planted: Sequence[Planted] = ()) -> Books:
        """Do the books of a quiet exchange."""
        connection = await self.rig.postgres.superuser()
        try:
            books = await audit(connection, ledger=ledger, planted=planted)
        finally:
            await connection.close()
        place = self.rig.place
        role = f"indicators_worker:{passwords(place)['indicators_worker']}"
        url = f"postgresql+asyncpg://{role}@{HOST}:{place.ports['postgres']}/{DATABASE}"
        await check_cells(url, books.findings)
        return books


@asynccontextmanager
async def opened(*, state: str, roster: Roster) -> AsyncIterator[Stage]:
    """Start everything, label a training that everybody hears of, keep a copy of the broker's store."""
    async with running_rig(state=state, roster=roster) as rig:
        clients = Clients(rig.place.urls["identity"], urls={service: rig.urls(service) for service in roster})
        watch = Watch(rig.postgres)
        watching = asyncio.create_task(watch.run())
        try:
            await _set_the_scene(rig, clients, watch=watch)
            yield Stage(rig, clients, watch)
        finally:
            watching.cancel()
            await clients.close()


async def _set_the_scene(rig: Rig, clients: Clients, *, watch: Watch) -> None:
    async with httpx.AsyncClient(timeout=30) as http:
        await label_a_training(_Front(rig, http, clients=clients), on=FIRST_DAY, session_end=LAST_DAY)
    if not await watch.level(within=LABEL_HEARD_WITHIN):
        raise RuntimeError("the label was not heard")
    await rig.nats.stop()
    await rig.nats.keep_copy()
    await rig.nats.start()
