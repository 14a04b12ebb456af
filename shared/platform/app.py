"""Assembles a service: its routers, its edge, and the relay and intake that run beside them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import uuid4

import httpx
import structlog
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from shared.platform import logs
from shared.platform.database import Database
from shared.platform.edge import exchange_routes, health, operating_routes, problem_pages, problems
from shared.platform.edge.deadlines import Deadlines
from shared.platform.edge.limits import limits_of
from shared.platform.edge.methods import Methods
from shared.platform.edge.middleware import Edge
from shared.platform.edge.openapi import describe
from shared.platform.edge.paging import Cursors
from shared.platform.edge.streams import STREAMS
from shared.platform.edge.tokens import IssuerKeys, Verifier
from shared.platform.exchange.audit import Auditor
from shared.platform.exchange.feed import Feed
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Intake
from shared.platform.exchange.log_archive import Archive
from shared.platform.exchange.log_export import Exporter
from shared.platform.exchange.log_keeping import LogKeeper
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.participant import Service, ears_of
from shared.platform.exchange.redrive import Redriver
from shared.platform.exchange.redrive_requests import RedriveRequests
from shared.platform.exchange.redrive_store import PostgresRedriveStore
from shared.platform.exchange.relay import Relay
from shared.platform.exchange.relay_store import PostgresRelayStore
from shared.platform.exchange.sampling import Sampling
from shared.platform.imports.kinds import Imports
from shared.platform.imports.receiving import Reception
from shared.platform.imports.routes import routes_of
from shared.platform.imports.runner import Runner
from shared.platform.mandates.lookup import Mandates
from shared.platform.retention import forget_for_ever
from shared.platform.revisions import head_of
from shared.platform.settings import ImportingSettings, ServiceSettings
from shared.platform.topology import HEARS
from shared.platform.tracing import TRACING

log = structlog.get_logger()

_IMPORT_POOL: Final = 2
"""A batch takes one connection, a rehearsal one more for its notes."""


def assemble(service: Service, settings: ServiceSettings, *, imports: Imports | None = None) -> FastAPI:
    """The service as an ASGI application; nothing is opened before it starts. One with `imports` takes files."""
    logs.configure(service=service.name, level=settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if settings.traces_to:
                TRACING.begin(service=service.name, to=settings.traces_to, ratio=settings.traces_ratio)
                stack.callback(TRACING.end)
            await _Start(app, service, settings, stack, imports).run()
            log.info("service.started", roles=sorted(settings.roles))
            yield

    app = FastAPI(
        title=service.title,
        version="1",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service.name
    app.state.clock = service.clock
    app.state.broker = None
    app.state.archive = Archive(settings.archive_dir) if settings.archive_dir else None
    app.state.watermarks = Watermarks()
    _equip(app, settings)
    app.state.schema_revision = head_of(service.name)
    app.add_middleware(Edge)
    problems.install(app)
    if isinstance(settings, ImportingSettings):
        app.state.reception = Reception.of(settings)
    routers = _routers(service, settings, imports=imports)
    # Not included: each call would be matched twice against the routes of every router.
    app.router.routes.extend(route for router in routers for route in router.routes)
    app.state.methods = Methods(routers)
    describe(app)
    return app


def _equip(app: FastAPI, settings: ServiceSettings) -> None:
    """What the edge asks at every call."""
    app.state.limits = limits_of(settings)
    app.state.deadlines = Deadlines()
    app.state.cursors = Cursors(settings.cursor_secrets())
    app.state.streams = asyncio.Semaphore(STREAMS)


def _routers(service: Service, settings: ServiceSettings, *, imports: Imports | None) -> Sequence[APIRouter]:
    """They are asked in this order: what is called most comes first."""
    everywhere = [health.router, problem_pages.router]
    if "api" not in settings.roles:
        return everywhere
    files = [routes_of(imports)] if imports else []
    return [*service.routers, *files, *everywhere, exchange_routes.router, operating_routes.router]


@dataclass(frozen=True)
class _Start:
    """Opens what the application needs while it runs; the stack closes it in reverse order."""

    app: FastAPI
    service: Service
    settings: ServiceSettings
    stack: AsyncExitStack
    imports: Imports | None

    async def run(self) -> None:
        """Database and keys always; broker, relay and intake where the roles ask for them."""
        database = self._database("api", self.settings.database_url)
        self.app.state.database = database
        self.app.state.mandates = Mandates(database, self.service.clock)
        client = await self.stack.enter_async_context(httpx.AsyncClient(follow_redirects=False))
        keys = IssuerKeys(self.settings.jwks_url, client=client)
        self.app.state.verifier = Verifier(
            keys,
            issuer=self.settings.issuer,
            audience=self.service.name,
            environment=self.settings.environment,
        )
        if self.imports is not None and "intake" in self.settings.roles:
            self._work_off(self.imports)
        if not self.settings.roles & {"relay", "intake"}:
            return
        worker = self._database("worker", self.settings.worker_database_url)
        # One bell for both: whoever commits an event wakes the relay.
        worker.spoke = database.spoke
        broker = NatsBroker(
            self.settings.nats_url, identity=self.service.name, seed_file=self.settings.nats_seed_file
        )
        self.app.state.broker = broker
        self.stack.push_async_callback(broker.close)
        feed = Feed(self.settings, client=client)
        self._beside(self._exchange(worker, broker, feed=feed))
        if "relay" in self.settings.roles:
            # The log is kept whether or not there is a broker.
            self._beside(self._keeper(worker).run())

    def _work_off(self, imports: Imports) -> None:
        """Work on files beside the rest, with a broker or without."""
        worker = self._database("imports", self.settings.worker_database_url, size=_IMPORT_POOL)
        desk = self._database("imports", self.settings.database_url, size=_IMPORT_POOL)
        # One bell for all: whoever commits an event wakes the relay.
        desk.spoke = self.app.state.database.spoke
        reception: Reception = self.app.state.reception
        runner = Runner(
            worker,
            desk,
            imports=imports,
            keys=reception.keys,
            clock=self.service.clock,
            mandates=Mandates(desk, self.service.clock),
        )
        self._beside(runner.run())

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        self.stack.push_async_callback(_cancel, task)

    def _keeper(self, worker: Database) -> LogKeeper:
        archive: Archive | None = self.app.state.archive
        exporter = Exporter(worker, archive) if archive else None
        return LogKeeper(worker, exporter, keep_days=self.settings.keep_log_days)

    def _database(self, role: str, url: SecretStr, *, size: int | None = None) -> Database:
        database = Database(
            url.get_secret_value(),
            service=self.service.name,
            role=role,
            pool_size=size or self.settings.pool_size,
        )
        self.stack.push_async_callback(database.close)
        return database

    async def _exchange(self, worker: Database, broker: NatsBroker, *, feed: Feed) -> None:
        watermarks: Watermarks = self.app.state.watermarks
        name = self.service.name
        async with asyncio.TaskGroup() as group:
            # Before the first connection, which may take as long as the broker is away.
            sampling = Sampling(worker, broker, watermarks=watermarks, roles=self.settings.roles)
            group.create_task(sampling.run())
            await broker.connect()
            for speaker in HEARS[name]:
                await broker.on_watermark(speaker, partial(watermarks.hear, speaker))
            group.create_task(broker.until_closed())
            if "relay" in self.settings.roles:
                store = PostgresRelayStore(worker)
                relay = Relay(store, broker, service=name, me=uuid4(), spoke=worker.spoke)
                group.create_task(relay.run())
            if "intake" in self.settings.roles:
                group.create_task(forget_for_ever(worker))
            if "intake" in self.settings.roles and HEARS[name]:
                ears = ears_of(self.service, worker, broker=broker, feed=feed, watermarks=watermarks)
                group.create_task(Intake(ears).run())
                redriver = Redriver(PostgresRedriveStore(worker), ears.applier)
                group.create_task(RedriveRequests(worker, redriver).run())
                group.create_task(Auditor(worker, feed).run())
                for job in self.service.jobs:
                    group.create_task(job(worker))


def _report(task: "asyncio.Task[None]") -> None:
    """A relay or intake that ends by itself is a bug: the process says so and stops, its keeper restarts it."""
    if task.cancelled():
        return
    log.critical("exchange.stopped", errors=_causes(task.exception()))
    raise SystemExit(1)


def _causes(error: BaseException | None) -> list[str]:
    """Classes of the errors in a group: their text may quote a value."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in _causes(inner)]
    return [type(error).__name__]


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task], timeout=5)
