"""The four services in one process on one database, told and heard without a broker: what the books' own tests read."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx

from deploy.local.services import CLIENTS_FILE
from shared.platform import event_log
from shared.platform.topology import HEARS, PARTITIONS, SPEAKERS
from tests.faults.doors import FIRST_DAY, LAST_DAY
from tests.faults.ledger import Ledger
from tests.faults.load import Clients, Load, Pace
from tests.support.cluster import Cluster
from tests.support.living_stack import LivingStack
from tests.support.scenario import label_a_training
from tests.support.tokens import token
from tests.support.under_test import ServiceUnderTest, service_under_test

_MANY = 500


class _Indoors(Clients):
    """Clients that reach the services without a network."""

    def __init__(self, services: dict[str, ServiceUnderTest]) -> None:
        urls = {name: [f"http://{name}.test"] for name in services}
        super().__init__("http://identity.test", urls=urls)
        transports = {
            f"all://{name}.test": httpx.ASGITransport(service.app) for name, service in services.items()
        }
        self._http = httpx.AsyncClient(mounts=transports)
        listed = json.loads(CLIENTS_FILE.read_text(encoding="utf-8"))
        self._listed: dict[str, dict[str, Any]] = {client["client_id"]: client for client in listed}

    async def headers(self, client: str) -> dict[str, str]:
        """A token with everything the client may have."""
        known = self._listed[client]
        scope = " ".join(known["scopes"])
        issued = token(scope=scope, org=known.get("org"), reporter=known.get("reporter"))
        return {"Authorization": f"Bearer {issued}"}


class _Front(LivingStack):
    """The same, as the stories of other tests see a stack."""

    def __init__(self, clients: _Indoors) -> None:
        super().__init__(0, clients._http, Path())
        self._clients = clients

    def url(self, name: str) -> str:
        return f"http://{name}.test"

    async def headers(self, client: str) -> dict[str, str]:
        return await self._clients.headers(client)


@dataclass
class Indoors:
    """Four services, their clients' books, and a way to make the listeners hear."""

    services: dict[str, ServiceUnderTest]
    ledger: Ledger
    load: Load

    async def deliver(self) -> None:
        """Every listener hears every log from the beginning."""
        for speaker in SPEAKERS:
            for partition in range(PARTITIONS):
                async with self.services[speaker].database.reading() as connection:
                    events = await event_log.read(
                        connection, service=speaker, partition=partition, after=0, limit=_MANY
                    )
                for listener, speakers in HEARS.items():
                    if events and speaker in speakers:
                        await self.services[listener].applier.hear(events)

    async def tell_stories(self) -> None:
        """Learners at every stage, corrected and repeated, and a few targets."""
        load = self.load
        await load.enter(30, bulk=True)
        await load.end(20, bulk=True)
        await load.end(1, bulk=False)
        await self.deliver()
        await load.tell(12)
        for _ in range(12):
            await load.correct()
            await load.repeat()
            await load.set_target()
        await self.deliver()


@asynccontextmanager
async def indoors(cluster: Cluster, *, database: str) -> AsyncIterator[Indoors]:
    """The services with one labelled training that all have heard of."""
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(service_under_test(name, cluster, database=database))
            for name in SPEAKERS
        }
        clients, ledger = _Indoors(services), Ledger()
        stack.push_async_callback(clients.close)
        made = Indoors(services, ledger, Load(clients, ledger, rng=Random(1), pace=Pace()))
        await label_a_training(_Front(clients), on=FIRST_DAY, session_end=LAST_DAY)
        await made.deliver()
        yield made
