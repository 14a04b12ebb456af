"""Labels as heard."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Text, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.enrolment.domain.labels import HeardLabel, Label, Suspension
from services.enrolment.repository.sets import among
from services.enrolment.tables import EXCHANGE, LABELS, UNSETTLED_TRAININGS
from shared.platform.database import Transaction
from shared.platform.rows import insert_rows, upsert_rows

PARKED = EXCHANGE.parked_event


async def save_labels(tx: Transaction, labels: Sequence[HeardLabel]) -> None:
    """Keep labels, one state of each; an older state than the one held changes nothing."""
    rows = [_row_of(label) for label in labels]
    newer = LABELS.c.version < insert(LABELS).excluded.version
    await tx.execute(upsert_rows(LABELS, rows, key=["label_id"], only_if=newer))


async def labels_of(tx: Transaction, trainings: Collection[UUID]) -> dict[UUID, list[Label]]:
    """The labels of each training that has any."""
    found: defaultdict[UUID, list[Label]] = defaultdict(list)
    if trainings:
        rows = await tx.execute(select(LABELS).where(among(LABELS.c.training_id, trainings)))
        for row in rows.mappings():
            found[row["training_id"]].append(_label_of(row))
    return dict(found)


async def mark_unsettled(tx: Transaction, trainings: Mapping[UUID, str]) -> None:
    """Remember trainings, with their holder, whose coverage is not carried to every entry yet."""
    if trainings:
        rows = [{"training_id": training, "holder": trainings[training]} for training in sorted(trainings)]
        await tx.execute(insert_rows(UNSETTLED_TRAININGS, rows).on_conflict_do_nothing())


async def mark_settled(tx: Transaction, trainings: Collection[UUID]) -> None:
    """Forget that trainings were unsettled."""
    if trainings:
        await tx.execute(
            delete(UNSETTLED_TRAININGS).where(among(UNSETTLED_TRAININGS.c.training_id, trainings))
        )


async def longest_unsettled(tx: Transaction) -> dict[UUID, str]:
    """The training that has waited longest, with its holder."""
    rows = await tx.execute(
        select(UNSETTLED_TRAININGS.c.training_id, UNSETTLED_TRAININGS.c.holder)
        .order_by(UNSETTLED_TRAININGS.c.since, UNSETTLED_TRAININGS.c.training_id)
        .limit(1)
    )
    return {row.training_id: row.holder for row in rows}


async def wait_anew(tx: Transaction, trainings: Collection[UUID]) -> None:
    """Make trainings the ones that have waited least."""
    await tx.execute(
        update(UNSETTLED_TRAININGS)
        .values(since=func.now())
        .where(among(UNSETTLED_TRAININGS.c.training_id, trainings))
    )


async def forget_versions(tx: Transaction) -> None:
    """Forget which version of each label was heard; what it says stays until it is heard again."""
    await tx.execute(update(LABELS).values(version=0))


async def not_heard(tx: Transaction) -> tuple[UUID, str] | None:
    """A training with a label that no version stands for, and its holder; none that waits to be driven again."""
    parked = select(PARKED.c.aggregate_id).where(
        PARKED.c.source == "labelling", PARKED.c.aggregate_id == cast(LABELS.c.label_id, Text)
    )
    rows = await tx.execute(
        select(LABELS.c.training_id, LABELS.c.holder)
        .where(LABELS.c.version == 0, ~parked.exists())
        .order_by(LABELS.c.training_id)
        .limit(1)
    )
    row = rows.first()
    return None if row is None else (row.training_id, row.holder)


async def drop_not_heard(tx: Transaction, training: UUID) -> None:
    """Drop the labels of a training that no version stands for."""
    await tx.execute(delete(LABELS).where(LABELS.c.training_id == training, LABELS.c.version == 0))


def _row_of(heard: HeardLabel) -> dict[str, Any]:
    return {
        "label_id": heard.label_id,
        "holder": heard.holder,
        "training_id": heard.training_id,
        "training_reference": heard.training_reference,
        "valid_from": heard.label.valid_from,
        "valid_until": heard.label.valid_until,
        "suspensions": [
            {"since": held.since.isoformat(), "until": held.until.isoformat() if held.until else None}
            for held in heard.label.suspensions
        ],
        "revoked_on": heard.label.revoked_on,
        "version": heard.version,
    }


def _label_of(row: RowMapping) -> Label:
    return Label(
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        suspensions=tuple(
            Suspension(
                date.fromisoformat(held["since"]),
                date.fromisoformat(held["until"]) if held["until"] else None,
            )
            for held in row["suspensions"]
        ),
        revoked_on=row["revoked_on"],
    )
