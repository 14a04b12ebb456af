"""Assembles a service: its routers, its edge, and the relay and intake that run beside them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import structlog
from fastapi import APIRouter, FastAPI

from shared.kernel.clock import Clock, SystemClock
from shared.platform import exchange_routes, health, logs, problems
from shared.platform.auth import IssuerKeys, Verifier
from shared.platform.broker import Broker
from shared.platform.database import Database
from shared.platform.edge import Edge
from shared.platform.freshness import Watermarks
from shared.platform.intake import Intake, Subscription
from shared.platform.migrations import head_of
from shared.platform.openapi import describe
from shared.platform.relay import Relay
from shared.platform.repair import Feed
from shared.platform.settings import ServiceSettings
from shared.platform.topology import HEARS

log = structlog.get_logger()


@dataclass(frozen=True)
class Service:
    """What is particular to one service."""

    name: str
    title: str
    routers: Sequence[APIRouter]
    subscriptions: Sequence[Subscription] = ()
    clock: Clock = field(default_factory=SystemClock)


def assemble(service: Service, settings: ServiceSettings) -> FastAPI:
    """The service as an ASGI application; nothing is opened before it starts."""
    logs.configure(service=service.name, level=settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, service, settings, stack)
            log.info("service.started", roles=sorted(settings.roles))
            yield

    app = FastAPI(title=service.title, version="1", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None)
    app.state.service = service.name
    app.state.clock = service.clock
    app.state.broker = None
    app.state.watermarks = Watermarks()
    app.state.schema_revision = head_of(service.name)
    app.add_middleware(Edge)
    problems.install(app)
    app.include_router(health.router)
    if "api" in settings.roles:
        app.include_router(exchange_routes.router)
        for router in service.routers:
            app.include_router(router)
    describe(app)
    return app


async def _start(app: FastAPI, service: Service, settings: ServiceSettings, stack: AsyncExitStack) -> None:
    name = service.name
    database = Database(
        settings.database_url.get_secret_value(), service=name, role="api", pool_size=settings.pool_size
    )
    stack.push_async_callback(database.close)
    app.state.database = database
    client = await stack.enter_async_context(httpx.AsyncClient(follow_redirects=False))
    keys = IssuerKeys(settings.jwks_url, client=client)
    app.state.verifier = Verifier(keys, issuer=settings.issuer, audience=name)
    if not settings.roles & {"relay", "intake"}:
        return
    worker = Database(
        settings.worker_database_url.get_secret_value(), service=name, role="worker", pool_size=settings.pool_size
    )
    worker.spoke = database.spoke
    stack.push_async_callback(worker.close)
    broker = Broker(settings.nats_url, identity=name, seed_file=settings.nats_seed_file)
    app.state.broker = broker
    stack.push_async_callback(broker.close)
    feed = Feed(settings, client=client)
    exchange = asyncio.create_task(_exchange(app, service, settings, worker, broker, feed))
    exchange.add_done_callback(_report)
    stack.push_async_callback(_cancel, exchange)


async def _exchange(
    app: FastAPI, service: Service, settings: ServiceSettings, worker: Database, broker: Broker, feed: Feed
) -> None:
    await broker.connect()
    watermarks: Watermarks = app.state.watermarks
    for speaker in HEARS[service.name]:
        await broker.on_watermark(speaker, lambda heads, speaker=speaker: watermarks.hear(speaker, heads))
    async with asyncio.TaskGroup() as group:
        if "relay" in settings.roles:
            group.create_task(Relay(worker, broker, service=service.name, spoke=worker.spoke).run())
        if "intake" in settings.roles and service.subscriptions:
            intake = Intake(
                worker,
                broker,
                feed=feed,
                listener=service.name,
                subscriptions=service.subscriptions,
                watermarks=watermarks,
            )
            group.create_task(intake.run())


def _report(task: "asyncio.Task[None]") -> None:
    """A relay or intake that ends by itself is a bug: the process says so and stops, its keeper restarts it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("exchange.stopped", error=repr(type(error).__name__))
        raise SystemExit(1)


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task], timeout=5)
