"""Labelled trainings, their labels and the office's acts on these."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Uuid, any_, bindparam, insert, select

from services.labelling.domain.labels import Change, ChangeKind, Label, Suspension
from services.labelling.domain.trainings import Training, as_document
from services.labelling.tables import LABEL, LABEL_CHANGE, TRAINING
from shared.platform.database import Transaction
from shared.platform.rows import insert_rows, upsert_rows


async def add_trainings(tx: Transaction, trainings: Sequence[Training]) -> None:
    """Write trainings that were just labelled."""
    await tx.execute(insert_rows(TRAINING, [_training_row(training) for training in trainings]))


async def known_trainings(tx: Transaction, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the ids that belong to a labelled training."""
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    rows = await tx.execute(select(TRAINING.c.training_id).where(TRAINING.c.training_id == any_(wanted)))
    return frozenset(rows.scalars())


async def save_labels(tx: Transaction, labels: Sequence[Label]) -> None:
    """Write labels."""
    await tx.execute(upsert_rows(LABEL, [_label_row(label) for label in labels], key=["label_id"]))


async def hold_label(tx: Transaction, label_id: UUID) -> Label | None:
    """A label, locked."""
    found = await tx.execute(select(LABEL).where(LABEL.c.label_id == label_id).with_for_update())
    row = found.mappings().one_or_none()
    return None if row is None else label_of(row)


async def load_changes(tx: Transaction, label_id: UUID) -> list[Change]:
    """The acts on a label, in the order in which they were declared."""
    rows = await tx.execute(
        select(LABEL_CHANGE).where(LABEL_CHANGE.c.label_id == label_id).order_by(LABEL_CHANGE.c.place)
    )
    return [
        Change(row.reference, kind=ChangeKind(row.kind), effective_on=row.effective_on, reason=row.reason)
        for row in rows
    ]


async def add_change(tx: Transaction, change: Change, *, label_id: UUID, place: int) -> None:
    """Write an act on a label."""
    values = {**vars(change), "kind": change.kind.value, "label_id": label_id, "place": place}
    await tx.execute(insert(LABEL_CHANGE).values(values))


def label_of(row: RowMapping) -> Label:
    """The label of a row."""
    return Label(
        label_id=row["label_id"],
        training_id=row["training_id"],
        holder=row["siren"],
        training_reference=row["training_reference"],
        decided_on=row["decided_on"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        suspensions=tuple(_suspension_of(document) for document in row["suspensions"]),
        revoked_on=row["revoked_on"],
        renews=row["renews"],
        version=row["version"],
    )


def _suspension_of(document: dict[str, Any]) -> Suspension:
    until = document["until"]
    return Suspension(date.fromisoformat(document["since"]), date.fromisoformat(until) if until else None)


def _label_row(label: Label) -> dict[str, Any]:
    row = {**vars(label), "siren": label.holder}
    del row["holder"]
    row["suspensions"] = [
        {"since": str(held.since), "until": str(held.until) if held.until else None}
        for held in label.suspensions
    ]
    return row


def _training_row(training: Training) -> dict[str, Any]:
    site = training.site
    return {
        "training_id": training.training_id,
        "siren": training.holder,
        "reference": training.reference,
        "siret": site.siret if site else None,
        "code_insee": site.code_insee if site else None,
        "region": site.region if site else None,
        "certification_kind": training.content.certification.kind.value,
        "content": as_document(training.content),
        "version": training.version,
    }
