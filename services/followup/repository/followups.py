"""Follow-ups as rows: locked in the order of their ids, read and written by the hundred."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
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
    " CAST(settled AS text) AS settled, excluded_code, excluded_on, excluded_proof"
)
# One probe of the key per id, in the order of the ids: two calls that meet wait for one another and never cross.
_LOCK = text(
    "SELECT f.* FROM unnest(CAST(:ids AS uuid[])) AS given(id)"  # noqa: S608 - our own columns
    f" CROSS JOIN LATERAL (SELECT {COLUMNS} FROM followup WHERE enrolment_id = given.id FOR UPDATE) AS f"
)
_NOTE = text(
    "INSERT INTO followup (enrolment_id, status) SELECT unnest(CAST(:ids AS uuid[])), 'waiting'"
    " ON CONFLICT DO NOTHING"
)
_SETTLE = text(
    "UPDATE followup SET settled = CAST(given.settled AS jsonb), version = given.version"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:settled AS text[]), CAST(:versions AS bigint[]))"
    " AS given(id, settled, version) WHERE enrolment_id = given.id"
)


async def lock_followups(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Followup]:
    """The follow-ups that exist, locked until the end of the transaction."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    rows = await tx.execute(_LOCK, {"ids": wanted})
    return {row.enrolment_id: followup_of(row) for row in rows}


async def lock_or_note(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Followup]:
    """Like `lock_followups`; an enrolment not heard of yet gets a waiting row.

    The row is what a push and the hearing of the exit both lock, so that neither misses the other.
    """
    found = await lock_followups(tx, ids)
    missing = sorted(set(ids) - found.keys())
    if missing:
        await tx.execute(_NOTE, {"ids": missing})
        found |= await lock_followups(tx, missing)
    return found


async def save_followups(tx: Transaction, followups: Sequence[Followup]) -> None:
    """Write follow-ups whose exit or exclusion changed; what they settled is written apart."""
    if not followups:
        return
    rows = [_row_of(followup) for followup in sorted(followups, key=lambda one: one.enrolment_id)]
    newer = FOLLOWUP.c.enrolment_version <= insert(FOLLOWUP).excluded.enrolment_version
    await tx.execute(upsert_rows(FOLLOWUP, rows, key=["enrolment_id"], only_if=newer))


async def save_settled(tx: Transaction, followups: Sequence[Followup]) -> None:
    """Write the settled waves and the versions."""
    if not followups:
        return
    values = {
        "ids": [followup.enrolment_id for followup in followups],
        "settled": [_json_of(followup.settled) for followup in followups],
        "versions": [followup.version for followup in followups],
    }
    await tx.execute(_SETTLE, values)


def followup_of(row: Row[Any]) -> Followup:
    """The follow-up in a row of COLUMNS."""
    heard_exit = row.exit_on is not None
    return Followup(
        enrolment_id=row.enrolment_id,
        status=Status(row.status),
        exit=Exit(row.holder, row.training_id, row.exit_on, row.exit_kind) if heard_exit else None,
        exclusion=Exclusion(ExclusionCode(row.excluded_code), row.excluded_on, row.excluded_proof)
        if row.excluded_code
        else None,
        version=row.version,
        enrolment_version=row.enrolment_version,
        settled=() if row.settled == "[]" else tuple(map(_settled_of, json.loads(row.settled))),
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
    return json.dumps(
        [
            {
                "wave": one.wave,
                "situation": one.situation,
                "outcome": one.outcome,
                "job_class": one.job_class,
                "durable": one.durable,
                "source": one.source,
                "reference_on": one.reference_on.isoformat(),
                "collected_on": one.collected_on.isoformat(),
            }
            for one in settled
        ]
    )


def _settled_of(content: dict[str, Any]) -> SettledWave:
    return SettledWave(
        wave=content["wave"],
        situation=Situation(content["situation"]),
        outcome=content["outcome"],
        job_class=JobClass(content["job_class"]) if content["job_class"] else None,
        durable=content["durable"],
        source=Source(content["source"]),
        reference_on=date.fromisoformat(content["reference_on"]),
        collected_on=date.fromisoformat(content["collected_on"]),
    )
