"""One reader for the whole log: what was archived and dropped, then what the tables hold, as one sequence.

`read` needs a connection on which each statement sees what is committed by then (`Database.glance`): a day may be
planned or dropped between two statements, and the reader then looks once more.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import Envelope
from shared.platform.event_log import LogMoved, held
from shared.platform.exchange.log_archive import Archive, BadArchive
from shared.platform.log_days import Dropped, Stretch, look

_LOOKS = 4
"""A look that finds something else than it was told happens when a day moves just then: once a day, not four times."""


async def read(
    connection: AsyncConnection,
    *,
    service: str,
    partition: int,
    after: int,
    limit: int,
    archive: Archive | None,
) -> list[Envelope]:
    """The next events of a partition with a number greater than `after`, in order; fewer only at the log's end.

    All carry the log's present epoch, wherever they come from. Raises BadArchive when a dropped day cannot be read,
    LogMoved when the tables lack an event that should be there.
    """
    found: list[Envelope] = []
    while len(found) < limit:
        wanted = limit - len(found)
        page = await _page(
            connection, service=service, partition=partition, after=after, limit=wanted, archive=archive
        )
        if not page:
            break
        found += page
        after = page[-1].sequence
    return found


async def _page(
    connection: AsyncConnection,
    *,
    service: str,
    partition: int,
    after: int,
    limit: int,
    archive: Archive | None,
) -> list[Envelope]:
    for _ in range(_LOOKS):
        stretches = await look(connection, {partition: after}, count=limit, service=service)
        if not stretches:
            return []
        if dropped := stretches[0].dropped:
            return await _archived(archive, stretches[0], dropped=dropped, limit=limit)
        with suppress(LogMoved):
            return await held(connection, stretches[0], limit=limit, service=service)
    raise LogMoved(f"{service}/{partition:02d}/{after + 1}")


async def _archived(
    archive: Archive | None, stretch: Stretch, *, dropped: Dropped, limit: int
) -> list[Envelope]:
    if archive is None:
        raise BadArchive("no_archive", file=dropped.file)
    wanted = min(limit, dropped.last_seq - stretch.after)
    found = await asyncio.to_thread(
        archive.read, dropped.file, first_seq=dropped.first_seq, after=stretch.after, limit=wanted
    )
    if len(found) < wanted:
        raise BadArchive("cut_short", file=dropped.file)
    return [
        envelope if envelope.epoch == stretch.epoch else replace(envelope, epoch=stretch.epoch)
        for envelope in found
    ]
