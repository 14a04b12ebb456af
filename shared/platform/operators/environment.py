"""What every verb begins and ends with: settings of services, their worker's database, an answer in lines or JSON."""

import argparse
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from pydantic import ValidationError

from shared.platform.database import Database
from shared.platform.exchange.applying import Applier
from shared.platform.exchange.feed import Feed
from shared.platform.exchange.intake_store import PostgresIntakeStore
from shared.platform.exchange.participant import Service
from shared.platform.settings import ServiceSettings
from shared.platform.topology import SPEAKERS


class Refused(Exception):
    """A verb that cannot begin, and why."""


def services_argument(parser: argparse.ArgumentParser) -> None:
    """Any number of services; without one, all of which there are settings."""
    parser.add_argument(
        "services", nargs="*", metavar="SERVICE", help="of these only", choices=[[], *SPEAKERS]
    )
    json_argument(parser)


def service_argument(parser: argparse.ArgumentParser) -> None:
    """Exactly one service."""
    parser.add_argument("service", metavar="SERVICE", type=_service)


def json_argument(parser: argparse.ArgumentParser) -> None:
    """One JSON object a line in place of a table."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _service(name: str) -> str:
    if name not in SPEAKERS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SPEAKERS)}")
    return name


def settings_of(service: str) -> ServiceSettings:
    """The settings in the environment. Raises Refused without naming a value."""
    # By name and not by import: shared knows no service, and an image holds only one.
    if importlib.util.find_spec(f"services.{service}") is None:
        raise Refused(f"there is no {service} here")
    module = importlib.import_module(f"services.{service}.settings")
    try:
        return cast("ServiceSettings", module.Settings())
    except ValidationError as error:
        names = sorted({str(detail["loc"][0]) if detail["loc"] else "all" for detail in error.errors()})
        raise Refused(f"the settings of {service} are not complete: {', '.join(names)}") from None


def chosen(names: Sequence[str]) -> list[ServiceSettings]:
    """The settings of these services, or of all that have some. Raises Refused."""
    if names:
        return [settings_of(name) for name in names]
    found = [settings_of(name) for name in SPEAKERS if f"{name.upper()}_WORKER_DATABASE_URL" in os.environ]
    if not found:
        raise Refused("there are no settings of any service in the environment")
    return found


@asynccontextmanager
async def worker_of(settings: ServiceSettings) -> AsyncIterator[Database]:
    """The database as the worker of a service sees it."""
    url = settings.worker_database_url.get_secret_value()
    database = Database(url, service=settings.service, role="operator", pool_size=2)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def applier_of(settings: ServiceSettings, worker: Database) -> AsyncIterator[tuple[Applier, Feed]]:
    """The service's own handlers, and the client of the logs it hears."""
    service = cast("Service", importlib.import_module(f"services.{settings.service}.main").SERVICE)
    async with httpx.AsyncClient(follow_redirects=False) as client:
        feed = Feed(settings, client=client)
        store = PostgresIntakeStore(worker)
        yield Applier(store, feed=feed, listener=service.name, subscriptions=service.subscriptions), feed


def who() -> str:
    """Who runs this verb, for the journal."""
    return os.environ.get("USER") or f"uid-{os.getuid()}"


def show(rows: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    """Print a table, or one JSON object a line."""
    listed = list(rows)
    if as_json:
        for row in listed:
            sys.stdout.write(json.dumps(row, default=str) + "\n")
        return
    if not listed:
        sys.stdout.write("none\n")
        return
    lines = [[*listed[0]], *([_text(value) for value in row.values()] for row in listed)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def rounded(seconds: float | None) -> float | None:
    """Seconds to a tenth."""
    return None if seconds is None else round(seconds, 1)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
