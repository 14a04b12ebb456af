"""A listener after a speaker's log was set back: what it had heard that came to nothing, and following the new epoch.

First the old incarnation is put behind: what still comes of it is discarded. Then positions are compared with the log.
A listener that had heard nothing beyond the cut goes on where it stands; any other hears everything anew. The halt is
cleared last, so that a step that was cut short is simply taken again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.events.envelope import Envelope
from shared.platform.database import Database
from shared.platform.exchange.feed import Answer
from shared.platform.exchange.intake_store import Held, PostgresIntakeStore
from shared.platform.exchange.log_epochs import LogEpoch, cut_after


class Logs(Protocol):
    """The speakers' own logs, asked over HTTP; every question may raise FeedUnavailable."""

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """The next events of a partition, in order."""

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        """Tell a speaker how far one has heard it."""

    async def epochs(self, speaker: str) -> list[LogEpoch]:
        """Every incarnation of a speaker's log, the first one first."""


class NotDecided(Exception):
    """The speaker's log has other events than were heard of it, and nobody has begun a new epoch there."""


@dataclass(frozen=True)
class Standing:
    """Where a listener stands in the newest incarnation of a log."""

    epoch: UUID
    rolled_back: Mapping[int, int | None]
    """Per partition, how many of the events applied are not in the log; None when the log cannot tell."""

    @property
    def is_sound(self) -> bool:
        """Whether everything that was applied is in the log."""
        return not self.rolled_back

    @property
    def total(self) -> int | None:
        """How many events in all; None when the log cannot tell of a partition."""
        numbers = list(self.rolled_back.values())
        return None if None in numbers else sum(number for number in numbers if number is not None)


_BEHIND = """
SELECT DISTINCT unnest(superseded || ARRAY(SELECT epoch FROM {schema}.intake_position
    WHERE source = :source AND epoch IS NOT NULL)) AS epoch
FROM (SELECT coalesce((SELECT superseded FROM {schema}.intake_source WHERE source = :source), '{{}}') AS superseded) s
"""
_SUPERSEDED = "SELECT unnest(superseded) AS epoch FROM {schema}.intake_source WHERE source = :source"
_PUT_BEHIND = """
INSERT INTO {schema}.intake_source AS s (source, halted, halted_at, superseded)
VALUES (:source, 'restored', clock_timestamp(), CAST(:past AS uuid[]))
ON CONFLICT (source) DO UPDATE SET superseded = excluded.superseded, halted = coalesce(s.halted, excluded.halted),
    halted_at = coalesce(s.halted_at, excluded.halted_at)
"""
_NOTE = "UPDATE {schema}.intake_source SET detail = detail || CAST(:detail AS jsonb) WHERE source = :source"
_FOLLOW = (
    "UPDATE {schema}.intake_position SET epoch = :epoch WHERE source = :source",
    "UPDATE {schema}.intake_source SET halted = NULL, halted_at = NULL WHERE source = :source",
)


async def put_behind(database: Database, logs: Logs, *, speaker: str) -> list[LogEpoch]:
    """Stop following, and discard from now on what comes of any incarnation but the newest.

    Raises NotDecided when the newest is one that was put behind: the log was set back to before a decision.
    """
    epochs = await logs.epochs(speaker)
    newest = epochs[-1].epoch
    async with database.transaction() as tx:
        service, source = database.service, {"source": speaker}
        if newest in set((await tx.execute(_sql(_SUPERSEDED, service), source)).scalars()):
            raise NotDecided(speaker)
        # Also what the log itself has forgotten.
        past = {one.epoch for one in epochs} | set(
            (await tx.execute(_sql(_BEHIND, service), source)).scalars()
        )
        await tx.execute(_sql(_PUT_BEHIND, service), source | {"past": sorted(past - {newest})})
    return epochs


async def compare(database: Database, logs: Logs, *, speaker: str, epochs: Sequence[LogEpoch]) -> Standing:
    """Ask the speaker about every position. Raises NotDecided, FeedUnavailable."""
    held = await PostgresIntakeStore(database).positions(speaker)
    answer = await logs.report(speaker, held=held)
    newest = epochs[-1].epoch
    if answer.epoch != newest or any(held[number].epoch == newest for number in answer.strange):
        raise NotDecided(speaker)
    rolled_back = {
        number: _past_cut(held[number], epochs=epochs, partition=number) for number in answer.strange
    }
    return Standing(newest, rolled_back)


async def follow(database: Database, *, speaker: str, epoch: UUID) -> None:
    """Go on from where one stands, in the new incarnation."""
    async with database.transaction() as tx:
        for statement in _FOLLOW:
            values = {"source": speaker} | ({"epoch": epoch} if ":epoch" in statement else {})
            await tx.execute(_sql(statement, database.service), values)


async def adopt(
    database: Database, logs: Logs, *, speaker: str, anew: Callable[[], Awaitable[object]]
) -> Standing:
    """Follow the newest incarnation, after hearing everything `anew` where something came to nothing.

    Gives how things stood before. Raises NotDecided, FeedUnavailable, and what hearing anew raises.
    """
    epochs = await put_behind(database, logs, speaker=speaker)
    found = await compare(database, logs, speaker=speaker, epochs=epochs)
    if not found.is_sound:
        await _note(database, speaker, found=found)
        await anew()
        if not (await compare(database, logs, speaker=speaker, epochs=epochs)).is_sound:
            raise NotDecided(speaker)
    await follow(database, speaker=speaker, epoch=found.epoch)
    return found


async def _note(database: Database, speaker: str, *, found: Standing) -> None:
    """Keep how much came to nothing beside the reason of the halt."""
    names = {f"{partition:02d}": number for partition, number in sorted(found.rolled_back.items())}
    detail = {"epoch": str(found.epoch), "rolled_back": found.total, "partitions": names}
    statement = _sql(_NOTE, database.service).bindparams(bindparam("detail", type_=JSONB))
    async with database.transaction() as tx:
        await tx.execute(statement, {"source": speaker, "detail": detail})


def _past_cut(at: Held, *, epochs: Sequence[LogEpoch], partition: int) -> int | None:
    cut = None if at.epoch is None else cut_after(epochs, epoch=at.epoch, partition=partition)
    return at.last_seq - cut if cut is not None and cut < at.last_seq else None


def _sql(statement: str, service: str) -> TextClause:
    return text(statement.format(schema=service))
