"""`positions`: how far each partition of each source was applied, and how far its speaker said it reaches."""

import argparse
from typing import Any

from shared.platform.exchange import state as exchange_state
from shared.platform.operators.environment import chosen, rounded, services_argument, show, worker_of

HELP = "last number applied and announced, by source and partition"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which services, and which source."""
    services_argument(parser)
    parser.add_argument("--source", help="of this source only")


async def run(given: argparse.Namespace) -> int:
    """One line per partition."""
    rows: list[dict[str, Any]] = []
    for settings in chosen(given.services):
        async with worker_of(settings) as database, database.glance() as connection:
            found = await exchange_state.partitions_of(connection, settings.service)
        rows += [
            {
                "service": settings.service,
                "source": at.source,
                "partition": f"{at.partition:02d}",
                "applied": at.applied,
                "announced": at.announced,
                "moved_s": rounded(at.moved),
                "id": at.last_id,
            }
            for at in found
            if given.source in (None, at.source) and (at.applied or at.announced)
        ]
    show(rows, as_json=given.json)
    return 0
