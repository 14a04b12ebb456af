"""Follow-ups as rows: locked in the order of their ids, read and written by the hundred."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert

from services.followup.domain.followups import (
    Exclusion,
    ExclusionCode,
    Exit,
    Followup,
    SettledWave,
    Status,
)
from services.followup.domain.observations import Source
from services.followup.domain.outcomes import JobClass, Situation
from services.followup.tables import FOLLOWUP
from shared.platform.database import Transaction
from shared.platform.rows import upsert_rows

COLUMNS = (
    "enrolment_id, status, holder, training_id, exit_on, exit_kind, enrolment_version, version,"
    " settled, excluded_code, excluded_on, excluded_proof"
)
# One probe of the key per id, in the order of the ids: two calls that meet wait for one another and never cross.
_LOCK = text(
    "SELECT f.* FROM unnest(CAST(:ids AS uuid[])) AS given(id)"  # noqa: S608 - our own columns
    f" CROSS JOIN LATERAL (SELECT {COLUMNS} FROM followup WHERE enrolment_id = given.id OFFSET 0 FOR UPDATE) AS f"
)
_PREFER = text("SET LOCAL enable_seqscan = off")
_NOTE = text(
    "INSERT INTO followup (enrolment_id, status) SELECT unnest(CAST(:ids AS uuid[])), 'waiting'"
    " ON CONFLICT DO NOTHING"
)
_SETTLE = text(
    "UPDATE followup SET settled = given.settled, version = given.version"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:settled AS text[]), CAST(:versions AS bigint[]))"
    " AS given(id, settled, version) WHERE enrolment_id = given.id"
)
# Rows of one probe after another, in the order of the ids, as everybody locks them.
_FORGET = text(
    """
    WITH next AS MATERIALIZED (
        SELECT enrolment_id, enrolment_version FROM followup
        WHERE enrolment_id > :after ORDER BY enrolment_id LIMIT :limit FOR UPDATE
    ), forgotten AS (
        UPDATE followup f SET enrolment_version = 0 FROM next
        WHERE f.enrolment_id = next.enrolment_id AND next.enrolment_version > 0
    )
    SELECT enrolment_id FROM next ORDER BY enrolment_id DESC LIMIT 1
    """
)
_NOT_HEARD = text(
    f"SELECT {COLUMNS} FROM followup"  # noqa: S608 - our own columns
    " WHERE enrolment_version = 0 AND status IN ('open', 'excluded') AND NOT EXISTS (SELECT FROM parked_event p"
    " WHERE p.source = 'enrolment' AND p.aggregate_id = CAST(followup.enrolment_id AS text))"
    " ORDER BY enrolment_id LIMIT :limit FOR UPDATE"
)

_IN_ORDER = attrgetter("int")
_DURABLE = {True: "true", False: "false", None: "null"}


async def prefer_indexes(tx: Transaction) -> None:
    """Probe by key until the end of the transaction, also on a table that was small when its plans were made.

    A push fills the tables faster than their statistics follow; a plan that reads them whole would outlive its time.
    """
    await tx.execute(_PREFER)


async def lock_followups(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Followup]:
    """The follow-ups that exist, locked until the end of the transaction."""
    wanted = sorted(ids, key=_IN_ORDER)
    if not wanted:
        return {}
    rows = await tx.execute(_LOCK, {"ids": wanted})
    return {row.enrolment_id: followup_of(row) for row in rows}


async def lock_or_note(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Followup]:
    """Like `lock_followups`; an enrolment not heard of yet gets a waiting row.

    The row is what a push and the hearing of the exit both lock, so that neither misses the other.
    """
    found = await lock_followups(tx, ids)
    missing = sorted(set(ids) - found.keys(), key=_IN_ORDER)
    if missing:
        await tx.execute(_NOTE, {"ids": missing})
        found |= await lock_followups(tx, missing)
    return found


async def save_followups(tx: Transaction, followups: Sequence[Followup]) -> None:
    """Write follow-ups whose exit or exclusion changed; what they settled is written apart."""
    if not followups:
        return
    rows = [_row_of(followup) for followup in sorted(followups, key=attrgetter("enrolment_id.int"))]
    newer = FOLLOWUP.c.enrolment_version <= insert(FOLLOWUP).excluded.enrolment_version
    await tx.execute(upsert_rows(FOLLOWUP, rows, key=["enrolment_id"], only_if=newer))


async def save_settled(tx: Transaction, settled: Sequence[tuple[UUID, Sequence[SettledWave], int]]) -> None:
    """Write settled waves and versions, by enrolment."""
    ids, waves, versions = zip(*settled, strict=True)
    values = {"ids": list(ids), "settled": list(map(_json_of, waves)), "versions": list(versions)}
    await tx.execute(_SETTLE, values)


async def forget_versions(tx: Transaction, *, after: UUID, limit: int) -> UUID | None:
    """Forget which version of their enrolment some follow-ups were heard in; gives the last one, None at the end."""
    found: UUID | None = (await tx.execute(_FORGET, {"after": after, "limit": limit})).scalar_one_or_none()
    return found


async def lock_not_heard(tx: Transaction, *, limit: int) -> list[Followup]:
    """Follow-ups with an exit that no version of their enrolment stands for, and none waits to be driven again."""
    return [followup_of(row) for row in await tx.execute(_NOT_HEARD, {"limit": limit})]


def followup_of(row: Row[Any]) -> Followup:
    """The follow-up in a row of COLUMNS."""
    values: tuple[Any, ...] = tuple(row)
    enrolment_id, status, holder, training_id, exit_on, exit_kind, heard, version, settled, *excluded = values
    code, excluded_on, proof = excluded
    return Followup(
        enrolment_id=enrolment_id,
        status=Status(status),
        exit=Exit(holder, training_id, exit_on, exit_kind) if exit_on is not None else None,
        exclusion=Exclusion(ExclusionCode(code), excluded_on, proof) if code else None,
        version=version,
        enrolment_version=heard,
        settled=() if settled == "[]" else tuple(map(_settled_of, json.loads(settled))),
    )


def _row_of(followup: Followup) -> dict[str, Any]:
    left, exclusion = followup.exit, followup.exclusion
    return {
        "enrolment_id": followup.enrolment_id,
        "status": followup.status.value,
        "holder": left.holder if left else None,
        "training_id": left.training_id if left else None,
        "exit_on": left.exit_on if left else None,
        "exit_kind": left.exit_kind if left else None,
        "enrolment_version": followup.enrolment_version,
        "excluded_code": exclusion.code.value if exclusion else None,
        "excluded_on": exclusion.established_on if exclusion else None,
        "excluded_proof": exclusion.proof if exclusion else None,
    }


def _json_of(settled: Sequence[SettledWave]) -> str:
    """The waves as JSON, each the list of its fields: half the size of objects, for a row that every push rewrites.

    Codes and dates need no escaping, and this is written for every line of a push.
    """
    return (
        "["
        + ",".join(
            [
                f'[{one.wave},"{one.situation}","{one.outcome}",{_word(one.job_class)},{_DURABLE[one.durable]},'
                f'"{one.source}","{one.reference_on}","{one.collected_on}"]'
                for one in settled
            ]
        )
        + "]"
    )


def _word(word: str | None) -> str:
    return f'"{word}"' if word else "null"


def _settled_of(content: list[Any]) -> SettledWave:
    wave, situation, outcome, job_class, durable, source, reference_on, collected_on = content
    return SettledWave(
        wave=wave,
        situation=Situation(situation),
        outcome=outcome,
        job_class=JobClass(job_class) if job_class else None,
        durable=durable,
        source=Source(source),
        reference_on=date.fromisoformat(reference_on),
        collected_on=date.fromisoformat(collected_on),
    )
