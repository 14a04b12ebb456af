"""Learners: the rows that name people."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import select

from services.enrolment.domain.learners import Identity, Learner
from services.enrolment.repository.sets import add_rows, among, update_rows
from services.enrolment.tables import LEARNERS
from shared.platform.database import Transaction

_IDENTITY = tuple(field.name for field in fields(Identity))


async def learners_by_reference(
    tx: Transaction, holder: str, *, references: Collection[str]
) -> dict[str, Learner]:
    """The holder's learners among these references, locked in the order of the references."""
    rows = await tx.execute(
        select(LEARNERS)
        .where(LEARNERS.c.holder == holder, among(LEARNERS.c.reference, references))
        .order_by(LEARNERS.c.reference)
        .with_for_update()
    )
    return {
        row["reference"]: Learner(
            learner_id=row["learner_id"],
            holder=row["holder"],
            identity=Identity(**{name: row[name] for name in _IDENTITY}),
            search_opposed=row["search_opposed"],
            version=row["version"],
        )
        for row in rows.mappings()
    }


async def add_learners(tx: Transaction, learners: Sequence[Learner]) -> None:
    """Insert new learners. Raises Unavailable when a concurrent call has just made one of them."""
    await add_rows(tx, LEARNERS, rows=[_row_of(learner) for learner in learners])


async def update_learners(tx: Transaction, learners: Sequence[Learner]) -> None:
    """Replace held learners."""
    await update_rows(tx, LEARNERS, rows=[_row_of(learner) for learner in learners])


def _row_of(learner: Learner) -> dict[str, Any]:
    return {
        "learner_id": learner.learner_id,
        "holder": learner.holder,
        **vars(learner.identity),
        "search_opposed": learner.search_opposed,
        "version": learner.version,
    }
