"""Observations as rows: the last word under each reference, and the words it replaced."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.followup.domain.observations import Kind, Observation, Source
from shared.kernel.errors import Unavailable
from shared.platform.database import Transaction
from shared.platform.edge.problems import BUSY

COLUMNS = (
    "reporter, reference, source, kind, enrolment_id, collected_on, first_collected_on, recorded_at, digest,"
    " revision, outcome, durable, starts_on, ends_on, planned_end_on, observed_on"
)
_ENROLMENTS_OF = text(
    "SELECT DISTINCT o.enrolment_id FROM unnest(CAST(:references AS text[])) AS given(reference)"
    " CROSS JOIN LATERAL (SELECT enrolment_id FROM observation"
    " WHERE reporter = :reporter AND reference = given.reference AND enrolment_id IS NOT NULL OFFSET 0) AS o"
)
# OFFSET 0 keeps each probe a probe: merged into a join, it would read whole a table that grows by the thousand.
_OF_ENROLMENTS = (
    "SELECT o.* FROM unnest(CAST(:ids AS uuid[])) AS given(id)"  # noqa: S608 - our own columns
    f" CROSS JOIN LATERAL (SELECT {COLUMNS} FROM observation WHERE enrolment_id = given.id OFFSET 0) AS o"
)
_OF_REFERENCES = (
    "SELECT o.* FROM unnest(CAST(:references AS text[])) AS given(reference)"  # noqa: S608 - our own columns
    f" CROSS JOIN LATERAL (SELECT {COLUMNS} FROM observation"
    " WHERE reporter = :reporter AND reference = given.reference OFFSET 0) AS o"
)
_CONCERNED = text(f"{_OF_ENROLMENTS} UNION ALL {_OF_REFERENCES}")
_LIVE = text(_OF_ENROLMENTS)

# Only what is replaced is copied: a first word is in the table already.
_KEEP = text(
    "INSERT INTO observation_history"
    " (reporter, reference, revision, enrolment_id, collected_on, content, digest, lot, recorded_at)"
    " SELECT reporter, reference, revision, enrolment_id, collected_on, content, digest, lot, recorded_at"
    " FROM observation WHERE reporter = :reporter AND reference = ANY(CAST(:references AS text[]))"
)
_SAVE = text(
    """
    INSERT INTO observation
        (reporter, reference, enrolment_id, source, kind, outcome, durable, starts_on, ends_on, planned_end_on,
         observed_on, collected_on, first_collected_on, content, digest, lot, revision, recorded_at)
    SELECT CAST(:reporter AS text), reference, enrolment_id, CAST(:source AS text), kind, outcome, durable, starts_on,
           ends_on, planned_end_on, observed_on, collected_on, first_collected_on, CAST(content AS jsonb), digest,
           CAST(:lot AS text), revision, CAST(:recorded_at AS timestamptz)
    FROM unnest(
        CAST(:references AS text[]), CAST(:enrolments AS uuid[]), CAST(:kinds AS text[]),
        CAST(:outcomes AS text[]), CAST(:durables AS boolean[]), CAST(:starts AS date[]),
        CAST(:ends AS date[]), CAST(:planned_ends AS date[]), CAST(:observed AS date[]),
        CAST(:collected AS date[]), CAST(:first_collected AS date[]), CAST(:contents AS text[]),
        CAST(:digests AS bytea[]), CAST(:revisions AS integer[])
    ) AS given(reference, enrolment_id, kind, outcome, durable, starts_on, ends_on, planned_end_on, observed_on,
               collected_on, first_collected_on, content, digest, revision)
    ON CONFLICT (reporter, reference) DO UPDATE SET
        enrolment_id = excluded.enrolment_id, source = excluded.source, kind = excluded.kind,
        outcome = excluded.outcome, durable = excluded.durable, starts_on = excluded.starts_on,
        ends_on = excluded.ends_on, planned_end_on = excluded.planned_end_on,
        observed_on = excluded.observed_on, collected_on = excluded.collected_on,
        first_collected_on = excluded.first_collected_on, content = excluded.content,
        digest = excluded.digest, lot = excluded.lot, revision = excluded.revision,
        recorded_at = excluded.recorded_at
    WHERE observation.revision = excluded.revision - 1
    """
)
_REPLACED = text(
    "SELECT h.reference, h.digest FROM unnest(CAST(:references AS text[])) AS given(reference)"
    " CROSS JOIN LATERAL (SELECT reference, digest FROM observation_history"
    " WHERE reporter = :reporter AND reference = given.reference OFFSET 0) AS h"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """By whom, in which lot and when observations were sent."""

    reporter: str
    source: Source
    lot: str
    recorded_at: datetime


async def enrolments_of(tx: Transaction, references: Collection[str], *, reporter: str) -> set[UUID]:
    """The enrolments that a reporter's references speak of."""
    if not references:
        return set()
    rows = await tx.execute(_ENROLMENTS_OF, {"references": list(references), "reporter": reporter})
    return set(rows.scalars())


async def concerned_observations(
    tx: Transaction, enrolments: Iterable[UUID], *, references: Iterable[str], reporter: str
) -> dict[tuple[str, str], Observation]:
    """Everything held of these enrolments, and whatever these references of one reporter hold."""
    rows = await tx.execute(
        _CONCERNED, {"ids": list(enrolments), "references": list(references), "reporter": reporter}
    )
    return {(one := observation_of(row)).key: one for row in rows}


async def replaced_words(
    tx: Transaction, references: Collection[str], *, reporter: str
) -> set[tuple[str, bytes]]:
    """Reference and digest of every word of a reporter that a later one replaced."""
    if not references:
        return set()
    rows = await tx.execute(_REPLACED, {"references": list(references), "reporter": reporter})
    return {(row.reference, bytes(row.digest)) for row in rows}


async def observations_of(tx: Transaction, enrolments: Iterable[UUID]) -> dict[UUID, list[Observation]]:
    """Everything held of these enrolments."""
    rows = await tx.execute(_LIVE, {"ids": list(enrolments)})
    held: dict[UUID, list[Observation]] = {}
    for row in rows:
        held.setdefault(row.enrolment_id, []).append(observation_of(row))
    return held


async def save_observations(tx: Transaction, words: Sequence[tuple[Observation, str]], *, sent: Sent) -> None:
    """Write observations, in the order they were said, with the content they came in.

    The table holds the last word of each reference, the history what it replaced. Raises Unavailable when
    another call replaced one of them since it was read: nothing of this one is kept, the caller sends it again.
    """
    for round_ in _rounds(words):
        replaced = [one.reference for one, _ in round_ if one.revision > 1]
        if replaced:
            await tx.execute(_KEEP, {"reporter": sent.reporter, "references": replaced})
        saved = await tx.execute(_SAVE, _values(round_, sent=sent))
        if saved.rowcount != len(round_):
            raise Unavailable(BUSY)


def _rounds(words: Sequence[tuple[Observation, str]]) -> list[list[tuple[Observation, str]]]:
    """The words in rounds that hold each reference once: one round, unless a push corrects itself."""
    rounds: list[list[tuple[Observation, str]]] = []
    said: Counter[str] = Counter()
    for word in words:
        place = said[word[0].reference]
        said[word[0].reference] += 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(word)
    return rounds


def _values(words: Sequence[tuple[Observation, str]], *, sent: Sent) -> dict[str, Any]:
    rows = [one for one, _ in words]
    return {
        "reporter": sent.reporter,
        "source": sent.source,
        "lot": sent.lot,
        "recorded_at": sent.recorded_at,
        "references": [one.reference for one in rows],
        "enrolments": [one.enrolment_id for one in rows],
        "kinds": [one.kind for one in rows],
        "outcomes": [one.outcome for one in rows],
        "durables": [one.durable for one in rows],
        "starts": [one.starts_on for one in rows],
        "ends": [one.ends_on for one in rows],
        "planned_ends": [one.planned_end_on for one in rows],
        "observed": [one.observed_on for one in rows],
        "collected": [one.collected_on for one in rows],
        "first_collected": [one.first_collected_on for one in rows],
        "contents": [content for _, content in words],
        "digests": [one.digest for one in rows],
        "revisions": [one.revision for one in rows],
    }


def observation_of(row: Row[Any]) -> Observation:
    """The observation in a row of COLUMNS."""
    values: tuple[Any, ...] = tuple(row)
    reporter, reference, source, kind, *others = values
    return Observation(reporter, reference, Source(source), Kind(kind), *others)
