"""`parked`: what a listener has set aside, where, why and since when; never what an event says."""

import argparse
from dataclasses import asdict

from shared.platform.event_log import Position
from shared.platform.exchange import parked_events
from shared.platform.operators.environment import (
    Refused,
    json_argument,
    service_argument,
    settings_of,
    show,
    worker_of,
)

HELP = "events set aside, with their reason"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which service, and a page of it."""
    service_argument(parser)
    json_argument(parser)
    parser.add_argument("--source", help="of this source only")
    parser.add_argument("--aggregate", help="of this aggregate only")
    parser.add_argument("--after", help="begin after this position, e.g. labelling/07/12")
    parser.add_argument("--limit", type=int, default=100, help="so many at most (100)")


async def run(given: argparse.Namespace) -> int:
    """One line per event."""
    async with worker_of(settings_of(given.service)) as database, database.glance() as connection:
        found = await parked_events.page(
            connection,
            given.service,
            limit=given.limit,
            after=_position(given.after),
            source=given.source,
            aggregate=given.aggregate,
        )
    show((asdict(event) for event in found), as_json=given.json)
    return 0


def _position(after: str | None) -> Position:
    if after is None:
        return parked_events.START
    try:
        source, partition, seq = after.split("/")
        return Position(source, int(partition), int(seq))
    except ValueError:
        raise Refused(f"{after!r} is no position: write labelling/07/12") from None
