"""What an operator does with the cubes: `python -m services.indicators.cli {rebuild|audit}`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from services.indicators import queries, use_cases
from services.indicators.settings import Settings
from shared.platform.database import Database


async def rebuild(database: Database) -> int:
    """Replace the cubes by what the facts contribute, in one transaction."""
    async with database.transaction() as tx:
        await use_cases.rebuild_cubes(tx)
    print("cubes rebuilt")
    return 0


async def audit(database: Database) -> int:
    """Compare the cubes with the facts; exit code 1 when a cell differs."""
    async with database.reading() as connection:
        adrift = await queries.cells_adrift(connection)
    for cube, cells in adrift.items():
        print(f"{cube}: {cells} cells differ from the facts")
    return 1 if any(adrift.values()) else 0


async def run(arguments: Sequence[str], settings: Settings | None = None) -> int:
    """Run one command; settings come from the environment unless given."""
    parser = argparse.ArgumentParser(prog="python -m services.indicators.cli", description=__doc__)
    parser.add_argument("command", choices=["rebuild", "audit"])
    command = parser.parse_args(arguments).command
    chosen = settings or Settings()
    database = Database(
        chosen.worker_database_url.get_secret_value(), service="indicators", role="worker", pool_size=1
    )
    try:
        return await (rebuild if command == "rebuild" else audit)(database)
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(sys.argv[1:])))
