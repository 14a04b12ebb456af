"""`redrive`: drive parked events again, in the order of their aggregates; what is refused again stays."""

import argparse
import sys
from typing import Any

from shared.platform.exchange.redrive import Redriver, SourceHalted
from shared.platform.exchange.redrive_store import PostgresRedriveStore
from shared.platform.operators.environment import (
    applier_of,
    json_argument,
    service_argument,
    settings_of,
    show,
    who,
    worker_of,
)

HELP = "drive parked events again, in order; ends with 1 when some are left"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which service, and how much of it."""
    service_argument(parser)
    json_argument(parser)
    parser.add_argument("--source", help="of this source only")
    parser.add_argument("--aggregate", help="of this aggregate only")
    parser.add_argument("--by", default=who(), help="who asks, for the journal (the user of the machine)")


async def run(given: argparse.Namespace) -> int:
    """One line per aggregate."""
    settings = settings_of(given.service)
    rows: list[dict[str, Any]] = []
    async with worker_of(settings) as worker, applier_of(settings, worker) as (applier, _):
        store = PostgresRedriveStore(worker)
        redriver = Redriver(store, applier)
        for parked in await store.parked(given.source, aggregate=given.aggregate):
            try:
                driven = await redriver.drive(parked, by=given.by)
            except SourceHalted:
                sys.stderr.write(f"{parked.source} is halted: decide first, nothing of it is driven\n")
                return 1
            rows.append(
                {
                    "source": parked.source,
                    "aggregate": parked.aggregate_id,
                    "driven": driven.driven,
                    "refused": driven.refused,
                }
            )
        left = await store.left(given.source, aggregate=given.aggregate)
    show(rows, as_json=given.json)
    return 1 if left else 0
