"""What verbs that change more than a worker may do begin with: the service itself, and its schema as its owner."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx

from shared.platform.database import Database
from shared.platform.exchange.feed import Feed
from shared.platform.exchange.participant import Service
from shared.platform.operators.environment import Refused
from shared.platform.settings import ServiceSettings


def service_of(settings: ServiceSettings) -> Service:
    """The service, by name and not by import."""
    return cast("Service", importlib.import_module(f"services.{settings.service}.main").SERVICE)


def owner_url(settings: ServiceSettings) -> str:
    """Where the owner of the schema connects. Raises Refused."""
    if settings.migration_database_url is None:
        raise Refused(f"{settings.service.upper()}_MIGRATION_DATABASE_URL is not set: the owner decides")
    return settings.migration_database_url.get_secret_value()


@asynccontextmanager
async def owner_of(settings: ServiceSettings) -> AsyncIterator[Database]:
    """The database as the owner of a service's schema sees it. Raises Refused."""
    database = Database(owner_url(settings), service=settings.service, role="operator", pool_size=3)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def feed_of(settings: ServiceSettings) -> AsyncIterator[Feed]:
    """The client of the logs that a service hears."""
    async with httpx.AsyncClient(follow_redirects=False) as client:
        yield Feed(settings, client=client)
