"""`lag`: per service what is not published, per source what is not applied, how old it is, and idle or stuck."""

import argparse
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform.exchange import heard_positions
from shared.platform.exchange import state as exchange_state
from shared.platform.exchange.progress import UNWELL
from shared.platform.operators.environment import chosen, rounded, services_argument, show, worker_of

HELP = "events behind and their age, per relay and per source; ends with 1 when one is stuck, deaf or halted"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which services."""
    services_argument(parser)


async def run(given: argparse.Namespace) -> int:
    """One line per relay, per source, and per listener that reports."""
    rows: list[dict[str, Any]] = []
    for settings in chosen(given.services):
        async with worker_of(settings) as database, database.glance() as connection:
            rows += [row async for row in _rows(connection, settings.service)]
    show(rows, as_json=given.json)
    return 1 if any(row["state"] in UNWELL for row in rows) else 0


async def _rows(connection: AsyncConnection, service: str) -> AsyncIterator[dict[str, Any]]:
    relay = await exchange_state.relay_of(connection, service)
    yield {
        "service": service,
        "does": "publishes",
        "with": "broker",
        "state": relay.relaying.state,
        "behind": relay.relaying.unpublished,
        "oldest_s": rounded(relay.relaying.oldest) or 0.0,
        "moved_s": rounded(relay.relaying.moved),
        "heard_s": rounded(relay.relaying.connected),
        "parked": None,
        "reason": relay.relaying.halted,
    }
    for state in await exchange_state.sources_of(connection, service):
        yield {
            "service": service,
            "does": "hears",
            "with": state.source,
            "state": state.listening.state,
            "behind": state.listening.behind,
            "oldest_s": rounded(state.oldest),
            "moved_s": rounded(state.listening.moved),
            "heard_s": rounded(state.listening.heard),
            "parked": state.parked,
            "reason": state.listening.halted,
        }
    for listener in await heard_positions.reports(connection, service):
        yield {
            "service": service,
            "does": "is heard by",
            "with": listener.listener,
            "state": None,
            "behind": listener.behind,
            "oldest_s": None,
            "moved_s": None,
            "heard_s": rounded(listener.reported),
            "parked": None,
            "reason": None,
        }
