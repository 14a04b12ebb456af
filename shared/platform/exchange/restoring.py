"""A speaker's database was set back: finding where the log parts from what was said, and beginning a new epoch there.

Until a person has decided, the relay publishes nothing and listeners follow nothing. The decision is one transaction
in the speaker's schema; what was said after the cut and is gone is listed, so that it can be entered again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import Envelope
from shared.events.watermark import named
from shared.platform import journal
from shared.platform.database import Database
from shared.platform.event_log import Position
from shared.platform.exchange.broker import Stored
from shared.platform.exchange.log_epochs import RESTORED, log_epochs

OPERATOR = "operator"
ACTION = "begin_log_epoch"
LISTED = 20_000
"""Most events that the journal names one by one; all of them are counted."""

Place = tuple[int, int, UUID]


@dataclass(frozen=True)
class Divergence:
    """Up to where the log and what was said are the same, and what was said after that and is not in the log."""

    cuts: Mapping[int, int]
    rolled_back: tuple[Envelope, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What was decided about a log that was set back: the epoch that began, and what came to nothing."""

    epoch: UUID
    cuts: Mapping[int, int]
    rolled_back: tuple[Mapping[str, str], ...]
    count: int


# An event of a day that was archived and dropped is not there to compare: its number is taken at its word.
_STANDING = """
SELECT t.place FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[]), CAST(:ids AS uuid[]))
    WITH ORDINALITY AS t(partition, seq, id, place)
JOIN {schema}.event_counter c USING (partition)
LEFT JOIN {schema}.event_log l ON l.partition = t.partition AND l.seq = t.seq
WHERE l.event_id = t.id OR (l.event_id IS NULL AND t.seq <= c.last_seq)
"""
_HEADS = """
SELECT partition, last_seq AS head, coalesce(
    (SELECT min(l.seq) - 1 FROM {schema}.event_log l
     WHERE l.partition = c.partition AND l.recorded_at >= CAST(:opened_at AS timestamptz)), last_seq) AS cut
FROM {schema}.event_counter c
"""
_HALTED = "SELECT halted FROM {schema}.relay_state"
_LOCK = "SELECT one FROM {schema}.relay_state FOR UPDATE"
_BEGIN = """
INSERT INTO {schema}.log_epoch (epoch, reason, began_at)
SELECT uuidv7(), :reason, greatest(clock_timestamp(), max(began_at) + interval '1 microsecond')
FROM {schema}.log_epoch RETURNING epoch
"""
_CUT = """
INSERT INTO {schema}.log_cut (epoch, partition, last_seq)
SELECT :epoch, * FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[]))
"""
# The fence makes every relay read its cursor anew; what follows the cut goes out again under the new epoch.
_SET_BACK = (
    """
UPDATE {schema}.relay_cursor r SET published_through = least(r.published_through, c.last_seq), fence = r.fence + 1
FROM {schema}.log_cut c WHERE c.epoch = :epoch AND c.partition = r.partition
""",
    """
UPDATE {schema}.heard_position h SET last_seq = least(h.last_seq, c.last_seq)
FROM {schema}.log_cut c WHERE c.epoch = :epoch AND c.partition = h.partition
""",
    "UPDATE {schema}.relay_state SET halted = NULL, halted_at = NULL, broker_epoch = NULL",
)
_JOURNALLED = """
SELECT detail FROM {schema}.journal
WHERE action = :action AND detail ->> 'epoch' = :epoch ORDER BY entry DESC LIMIT 1
"""


async def divergence(database: Database, stored: Stored | None, *, opened_at: datetime | None) -> Divergence:
    """Compare the log with what the broker holds. Raises BrokerUnavailable.

    Where the broker has nothing that the log lacks, the cut is the last number recorded before the restored database
    was opened, or the log's head when nobody says when that was.
    """
    service = database.service
    async with database.glance() as connection:
        rows = (await connection.execute(_sql(_HEADS, service), {"opened_at": opened_at})).all()
        cuts = {row.partition: row.cut for row in rows}
        if stored is None:
            return Divergence(cuts)
        # What came of an earlier epoch was decided when that one ended; an epoch unknown here was begun and forgotten.
        decided = {one.epoch for one in (await log_epochs(connection, service=service))[:-1]}
        search = _Search(connection, service=service, decided=decided)
        places = [
            (partition, tail.seq, tail.id)
            for partition, tail in (await stored.holding()).tails.items()
            if tail.epoch not in decided
        ]
        standing = await search.standing(places)
        search.open = {place[0] for place in places if place not in standing}
        await search.run(stored)
        # A log that is shorter than what was heard of it has no cut behind its own head.
        heads = {row.partition: row.head for row in rows}
        exact = {partition: min(seq, heads[partition]) for partition, seq in search.cuts.items()}
        return Divergence({**cuts, **exact}, search.found())


class _Search:
    """Walks back through what was published until each partition has met an event that stands in the log."""

    def __init__(self, connection: AsyncConnection, *, service: str, decided: Collection[UUID]) -> None:
        self._connection = connection
        self._service = service
        self._decided = decided
        self._strange: dict[tuple[int, int], Envelope] = {}
        self.open: set[int] = set()
        self.cuts: dict[int, int] = {}

    async def run(self, stored: Stored) -> None:
        if not self.open:
            return
        async with aclosing(stored.newest_first()) as pages:
            async for page in pages:
                await self._look(page)
                if not self.open:
                    return

    async def standing(self, places: Iterable[Place]) -> set[Place]:
        """Which of these places (partition, number, id) hold that very event in the log."""
        asked = list(places)
        rows = await self._connection.execute(
            _sql(_STANDING, self._service),
            {
                "partitions": [partition for partition, _, _ in asked],
                "seqs": [seq for _, seq, _ in asked],
                "ids": [id_ for _, _, id_ in asked],
            },
        )
        return {asked[place - 1] for place in rows.scalars()}

    async def _look(self, page: Sequence[Envelope]) -> None:
        mine = [one for one in page if one.epoch not in self._decided]
        before = [_before(one) for one in mine]
        standing = await self.standing(place for place in (*map(_place, mine), *before) if place is not None)
        for envelope, predecessor in zip(mine, before, strict=True):
            partition = envelope.partition
            if partition not in self.open:
                continue
            if _place(envelope) in standing:
                self._close(partition, envelope.sequence)
                continue
            self._strange[partition, envelope.sequence] = envelope
            # Until something better is known; an event that was published twice may be met in either order.
            self.cuts[partition] = min(self.cuts.get(partition, envelope.sequence), envelope.sequence - 1)
            if envelope.sequence == 1 or predecessor in standing:
                self._close(partition, envelope.sequence - 1)

    def _close(self, partition: int, cut: int) -> None:
        self.open.discard(partition)
        self.cuts[partition] = cut

    def found(self) -> tuple[Envelope, ...]:
        """What was said after the cuts and is not in the log, in order."""
        return tuple(self._strange[place] for place in sorted(self._strange))


async def earlier_decision(database: Database, *, found: Divergence) -> Decision | None:
    """The decision of an earlier run when nothing has come to light since; None when there is one to take."""
    service = database.service
    async with database.glance() as connection:
        newest = (await log_epochs(connection, service=service))[-1]
        halted = (await connection.execute(_sql(_HALTED, service))).scalar_one()
        if newest.reason != RESTORED or halted is not None or found.rolled_back:
            return None
        detail = (
            await connection.execute(
                _sql(_JOURNALLED, service), {"action": ACTION, "epoch": str(newest.epoch)}
            )
        ).scalar_one()
    return _decision(newest.epoch, detail)


async def decide(database: Database, *, found: Divergence) -> Decision:
    """Begin a new epoch at the cuts and let the relay go on, in one transaction of the owner."""
    async with database.transaction() as tx:
        service = database.service
        await tx.execute(_sql(_LOCK, service))
        epoch: UUID = (await tx.execute(_sql(_BEGIN, service), {"reason": RESTORED})).scalar_one()
        cuts = {"epoch": epoch, "partitions": list(found.cuts), "seqs": list(found.cuts.values())}
        await tx.execute(_sql(_CUT, service), cuts)
        for statement in _SET_BACK:
            await tx.execute(_sql(statement, service), {"epoch": epoch} if ":epoch" in statement else {})
        detail = {
            "epoch": str(epoch),
            "cuts": named(dict(found.cuts)),
            "rolled_back": len(found.rolled_back),
            "events": [_line(envelope) for envelope in found.rolled_back[:LISTED]],
        }
        await journal.note(tx, service, client_id=OPERATOR, action=ACTION, detail=detail)
    return _decision(epoch, detail)


def _decision(epoch: UUID, detail: Mapping[str, Any]) -> Decision:
    cuts = {int(partition): int(seq) for partition, seq in detail["cuts"].items()}
    return Decision(epoch, cuts, tuple(detail["events"]), int(detail["rolled_back"]))


def _line(envelope: Envelope) -> dict[str, str]:
    return {
        "position": str(Position(envelope.speaker, envelope.partition, envelope.sequence)),
        "type": envelope.type,
        "aggregate": envelope.aggregate_id,
        "recorded_at": envelope.recorded_at.isoformat(timespec="seconds"),
    }


def _place(envelope: Envelope) -> Place:
    return envelope.partition, envelope.sequence, envelope.id


def _before(envelope: Envelope) -> Place | None:
    if envelope.previous_id is None:
        return None
    return envelope.partition, envelope.sequence - 1, envelope.previous_id


def _sql(statement: str, service: str) -> TextClause:
    return text(statement.format(schema=service))
