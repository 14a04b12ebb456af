"""A service under test: its real application on a database of its own, under the runtime roles."""

import importlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

import httpx
from fastapi import FastAPI

from shared.events.catalogue import read_fact
from shared.events.envelope import Envelope, Fact
from shared.platform.database import Database
from shared.platform.event_log import partition_of
from shared.platform.exchange.applying import Applier
from shared.platform.exchange.feed import Feed
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.participant import Service, ears_of
from shared.platform.settings import ServiceSettings
from tests.support.cluster import Cluster
from tests.support.tokens import ISSUER, token, verifier

_EPOCHS = UUID("11111111-1111-4111-8111-111111111111")


def epoch_of(speaker: str) -> UUID:
    """The one incarnation of a speaker's log in a test."""
    return uuid5(_EPOCHS, speaker)


@dataclass
class ServiceUnderTest:
    """What a test may do with a service."""

    name: str
    app: FastAPI
    cluster: Cluster
    database_name: str
    database: Database
    applier: Applier
    _sequences: defaultdict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def client(
        self, scope: str = "", *, org: str | None = None, reporter: str | None = None, **claims: Any
    ) -> httpx.AsyncClient:
        """A client with a token of these scopes; without `scope`, an anonymous one."""
        headers = {"Authorization": f"Bearer {token(scope=scope, org=org, reporter=reporter, **claims)}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=f"http://{self.name}.test",
            headers=headers if scope else {},
        )

    def envelopes(self, *facts: Fact) -> list[Envelope]:
        """The facts as their speakers would number them."""
        return [self._envelope(fact) for fact in facts]

    async def hear(self, *facts: Fact) -> None:
        """As if the facts came over the broker; those of one speaker in one transaction."""
        envelopes = self.envelopes(*facts)
        for _, group in groupby(envelopes, key=lambda envelope: envelope.speaker):
            await self.applier.hear(list(group))

    async def said(self) -> list[Fact]:
        """What the service said, in order."""
        rows = await self.rows(
            f"SELECT type, CAST(data AS text) AS data FROM {self.name}.event_log ORDER BY recorded_at, event_id"  # noqa: S608
        )
        return [read_fact(row["type"], row["data"]) for row in rows]

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Look into the database as its superuser; `$1` for arguments."""
        connection = await self.cluster.superuser(self.database_name)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    def _envelope(self, fact: Fact) -> Envelope:
        speaker = fact.TYPE.split(".", 1)[0]
        partition = partition_of(fact.aggregate_id)
        self._sequences[speaker, partition] += 1
        return Envelope(
            id=uuid4(),
            speaker=speaker,
            partition=partition,
            sequence=self._sequences[speaker, partition],
            epoch=epoch_of(speaker),
            type=fact.TYPE,
            aggregate_id=fact.aggregate_id,
            aggregate_version=fact.version,
            recorded_at=datetime.now(UTC),
            data=fact.model_dump_json(),
        )


def settings_of(service: str, cluster: Cluster, *, database: str, **values: Any) -> ServiceSettings:
    """Settings for one service on one test database; API only unless said otherwise."""
    given: dict[str, Any] = {
        "environment": "test",
        "roles": frozenset({"api"}),
        "log_level": "ERROR",
        "database_url": cluster.url(database, role=f"{service}_api"),
        "worker_database_url": cluster.url(database, role=f"{service}_worker"),
        "issuer": ISSUER,
        "jwks_url": f"{ISSUER}/jwks",
        "pool_size": 4,
    } | values
    module = importlib.import_module(f"services.{service}.settings")
    return cast("ServiceSettings", module.Settings(**given))


@asynccontextmanager
async def service_under_test(
    service: str, cluster: Cluster, *, database: str
) -> AsyncIterator[ServiceUnderTest]:
    """Start a service's application on a database."""
    settings = settings_of(service, cluster, database=database)
    main = importlib.import_module(f"services.{service}.main")
    app = main.create_app(settings)
    worker = Database(
        cluster.url(database, role=f"{service}_worker"), service=service, role="worker", pool_size=4
    )
    async with app.router.lifespan_context(app), httpx.AsyncClient() as outside:
        app.state.verifier = verifier(service)
        ears = ears_of(
            cast("Service", main.SERVICE),
            worker,
            broker=NatsBroker("nats://127.0.0.1:1", identity=service, seed_file=None),
            feed=Feed(settings, client=outside),
            watermarks=Watermarks(),
        )
        yield ServiceUnderTest(service, app, cluster, database, worker, ears.applier)
        await worker.close()
