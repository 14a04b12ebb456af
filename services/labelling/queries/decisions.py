"""What was decided, and whether the chain of decisions holds."""

from typing import Any

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.domain.decisions import Head, Outcome, walk
from services.labelling.domain.labels import label_id_of
from services.labelling.domain.trainings import training_id_of
from services.labelling.repository.decisions import link_of
from services.labelling.schemas.application_views import DecisionView, VerificationView
from services.labelling.tables import DECISION, DECISION_HEAD
from shared.kernel.errors import UNKNOWN, NotFound

_STRIDE = 2000


async def decision(reader: AsyncConnection, reference: str) -> DecisionView:
    """A decision. Raises NotFound."""
    found = await _one(reader, select(DECISION).where(DECISION.c.reference == reference))
    if found is None:
        raise NotFound(UNKNOWN)
    return found


async def decision_of_application(
    reader: AsyncConnection, *, holder: str, reference: str
) -> DecisionView | None:
    """The decision on an application, if there is one."""
    return await _one(
        reader, select(DECISION).where(DECISION.c.siren == holder, DECISION.c.application == reference)
    )


async def verification(reader: AsyncConnection) -> VerificationView:
    """Recompute every hash from the first decision to the head."""
    reached, broken = Head(), None
    while broken is None:
        question = select(DECISION).where(DECISION.c.number > reached.number).order_by(DECISION.c.number)
        links = [link_of(row) for row in (await reader.execute(question.limit(_STRIDE))).mappings()]
        if not links:
            break
        reached, broken = walk(reached, links)
    kept = (await reader.execute(select(DECISION_HEAD))).one()
    if broken is None and (kept.number, kept.hash) != (reached.number, reached.hash):
        # Decisions are missing from the end, or were added past the head.
        broken = min(kept.number, reached.number) + 1
    return VerificationView(
        valid=broken is None, decisions=reached.number, head=reached.hash, first_broken=broken
    )


async def _one(reader: AsyncConnection, question: Select[Any]) -> DecisionView | None:
    row = (await reader.execute(question)).mappings().one_or_none()
    return None if row is None else _view(row)


def _view(row: RowMapping) -> DecisionView:
    granted = row["outcome"] == Outcome.GRANTED
    key = (row["siren"], row["application"])
    return DecisionView(
        **{
            **row,
            "holder": row["siren"],
            "label_id": label_id_of(*key) if granted else None,
            "training_id": training_id_of(*key) if granted else None,
        }
    )
