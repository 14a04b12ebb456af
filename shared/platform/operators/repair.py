"""`repair`: do not wait for the broker, fetch from the speakers' own logs whatever was not applied yet."""

import argparse
import sys
from typing import Any

from shared.platform.exchange.applying import LogChanged
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake_store import PostgresIntakeStore
from shared.platform.exchange.repair import Repair
from shared.platform.operators.environment import (
    Refused,
    applier_of,
    json_argument,
    service_argument,
    settings_of,
    show,
    worker_of,
)
from shared.platform.topology import HEARS

HELP = "fetch what is missing from the speakers' own logs, now"


def arguments(parser: argparse.ArgumentParser) -> None:
    """For which listener, and from whom."""
    service_argument(parser)
    json_argument(parser)
    parser.add_argument("--source", help="from this source only")


async def run(given: argparse.Namespace) -> int:
    """One line per source."""
    sources = [source for source in HEARS[given.service] if given.source in (None, source)]
    if not sources:
        raise Refused(f"{given.service} does not hear {given.source or 'anybody'}")
    settings = settings_of(given.service)
    rows: list[dict[str, Any]] = []
    async with worker_of(settings) as worker, applier_of(settings, worker) as (applier, feed):
        store = PostgresIntakeStore(worker)
        repair = Repair(store, feed, applier=applier, listener=given.service, watermarks=Watermarks())
        for source in sources:
            reason = await store.halted(source)
            if reason is not None:
                sys.stderr.write(f"{source} is halted ({reason}): decide first, nothing of it is applied\n")
                return 1
            try:
                fetched = await repair.catch_up(source)
            except (LogChanged, FeedUnavailable) as failure:
                sys.stderr.write(f"{source}: {failure}\n")
                return 1
            rows.append({"service": given.service, "source": source, "fetched": fetched})
    show(rows, as_json=given.json)
    return 0
