"""`audit`: compare what a listener applied with what its speakers' logs hold, hour by hour."""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.platform.exchange.audit import earliest, mismatches
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.operators.environment import (
    Refused,
    json_argument,
    service_argument,
    settings_of,
    show,
    worker_of,
)
from shared.platform.operators.owning import feed_of
from shared.platform.topology import HEARS

HELP = "compare applied events with the speakers' logs, hour by hour; ends with 1 when an hour differs"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which listener, and how far back."""
    service_argument(parser)
    json_argument(parser)
    parser.add_argument("--source", help="against this source only")
    parser.add_argument("--days", type=int, help="the last days only; without it, everything that is kept")


async def run(given: argparse.Namespace) -> int:
    """One line per hour and partition that differs."""
    sources = [source for source in HEARS[given.service] if given.source in (None, source)]
    if not sources:
        raise Refused(f"{given.service} does not hear {given.source or 'anybody'}")
    settings = settings_of(given.service)
    rows: list[dict[str, Any]] = []
    async with worker_of(settings) as worker, feed_of(settings) as feed:
        for source in sources:
            since = await earliest(worker, speaker=source)
            if given.days is not None:
                since = datetime.now(UTC) - timedelta(days=given.days)
            if since is None:
                continue
            try:
                found = await mismatches(worker, feed, speaker=source, since=since)
            except FeedUnavailable as away:
                sys.stderr.write(f"{source}: {away}\n")
                return 1
            rows += [
                {
                    "source": source,
                    "partition": f"{one.partition:02d}",
                    "hour": one.hour.isoformat(timespec="minutes"),
                    "logged": one.logged[0],
                    "applied": one.applied[0],
                    "logged_digest": one.logged[1],
                    "applied_digest": one.applied[1],
                }
                for one in found
            ]
    show(rows, as_json=given.json)
    return 1 if rows else 0
