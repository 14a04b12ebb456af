"""The archive of a service's log: export closed days now, list what is there, read every file again, drop a day."""

import argparse
import importlib
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date

from shared.platform.database import Database
from shared.platform.exchange.log_archive import Archive, BadArchive
from shared.platform.exchange.log_export import DropRefused, Exported, Exporter, lineage_faults
from shared.platform.settings import ServiceSettings
from shared.platform.topology import SPEAKERS

HELP = "export, list, verify or drop closed days of a service's log"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`archive SERVICE export|list|verify|drop [--day DAY]`."""
    parser.add_argument("service", choices=SPEAKERS)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("export", help="close the days before today and export them")
    actions.add_parser("list", help="say which days are in the archive, and which are there only")
    actions.add_parser("verify", help="read every file to its end and compare it with what was recorded")
    drop = actions.add_parser("drop", help="verify a day once more and forget it in the tables")
    drop.add_argument("--day", type=date.fromisoformat, required=True)


async def run(given: argparse.Namespace) -> int:
    """1 when something is not as it should be, 2 when the service has no archive."""
    settings: ServiceSettings = importlib.import_module(f"services.{given.service}.settings").Settings()
    if settings.archive_dir is None:
        sys.stderr.write(f"{given.service.upper()}_ARCHIVE_DIR is not set\n")
        return 2
    worker = Database(
        settings.worker_database_url.get_secret_value(), service=given.service, role="worker", pool_size=2
    )
    try:
        return await _ACTIONS[given.action](Exporter(worker, Archive(settings.archive_dir)), given)
    finally:
        await worker.close()


async def _export(exporter: Exporter, _given: argparse.Namespace) -> int:
    await exporter.close_days()
    before = len(await exporter.exported())
    events = await exporter.export()
    made = len(await exporter.exported()) - before
    left = await exporter.unexported()
    sys.stdout.write(f"exported {events} events in {made} files; {len(left)} runs could not be exported\n")
    return 1 if left else 0


async def _list(exporter: Exporter, _given: argparse.Namespace) -> int:
    days: defaultdict[date, list[Exported]] = defaultdict(list)
    for exported in await exporter.exported():
        days[exported.run.day].append(exported)
    for day, files in sorted(days.items()):
        events = sum(file.contents.events for file in files)
        where = "archive only" if files[0].dropped_at else "archive and tables"
        sys.stdout.write(f"{day}  {len(files):2} files  {events:10} events  {where}\n")
    waiting = await exporter.unexported()
    sys.stdout.write(f"{len(days)} days; {len(waiting)} closed runs wait for their export\n")
    return 0


async def _verify(exporter: Exporter, _given: argparse.Namespace) -> int:
    exported = await exporter.exported()
    faults = [f"{file}: does not follow the file before it" for file in lineage_faults(exported)]
    for one in exported:
        try:
            await exporter.check(one)
        except BadArchive as bad:
            faults.append(str(bad))
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    sys.stdout.write(f"{len(exported)} files read, {len(faults)} faults\n")
    return 1 if faults else 0


async def _drop(exporter: Exporter, given: argparse.Namespace) -> int:
    await exporter.register_listeners()
    try:
        await exporter.drop(given.day)
    except DropRefused as refused:
        sys.stdout.write(f"refused: {refused}\n")
        return 1
    sys.stdout.write(f"{given.day} is in the archive only\n")
    return 0


_ACTIONS: dict[str, Callable[[Exporter, argparse.Namespace], Awaitable[int]]] = {
    "export": _export,
    "list": _list,
    "verify": _verify,
    "drop": _drop,
}
