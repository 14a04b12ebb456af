"""Doors to committee decisions and to the office's acts on labels."""

from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Request

from services.labelling.domain.decisions import Decision
from services.labelling.queries import decisions as queries
from services.labelling.queries.labels import label
from services.labelling.routes.callers import Office
from services.labelling.routes.lots import each_as
from services.labelling.schemas.application_views import DecisionView, LabelView, VerificationView
from services.labelling.schemas.decisions import DecisionBody, DecisionItem, DecisionLot, LabelChangeBody
from services.labelling.use_cases import decisions as use_cases
from services.labelling.use_cases.labels import change_label
from shared.platform.edge.bulk import read_lot, run_lot
from shared.platform.edge.dependencies import Db, Reader, Tx
from shared.platform.edge.fields import Reference
from shared.platform.edge.openapi import BULK_RESULTS, bulk_body
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["decisions"])


def _decision_of(item: DecisionItem) -> Decision:
    return item.to_domain(item.reference)


@router.get(
    "/decision-log/verification",
    operation_id="verify_decisions",
    summary="Whether the chain of decisions holds",
)
async def verify_decisions(reader: Reader, _: Office) -> VerificationView:
    """Recomputes every hash: an altered, added or removed decision shows."""
    return await queries.verification(reader)


@router.get("/decisions/{reference}", operation_id="read_decision", summary="A decision")
async def read_decision(reference: Reference, reader: Reader, _: Office) -> DecisionView:
    """With its place in the chain."""
    return await queries.decision(reader, reference)


@router.put("/decisions/{reference}", operation_id="record_decision", summary="Record a committee's decision")
async def record_decision(reference: Reference, body: DecisionBody, tx: Tx, actor: Office) -> DecisionView:
    """A grant makes the label; a decision is never rewritten."""
    await use_cases.record_decision(tx, body.to_domain(reference), actor=actor)
    return await queries.decision(tx.connection, reference)


@router.post(
    "/decisions",
    status_code=207,
    operation_id="record_decisions",
    summary="Record decisions in bulk",
    openapi_extra=bulk_body(DecisionLot),
    responses=BULK_RESULTS,
)
async def record_decisions(request: Request, db: Db, actor: Office) -> dict[str, Any]:
    """Up to 1,000; one result per item, with the ids that a grant makes."""
    lot = await read_lot(request, DecisionLot)
    work = partial(use_cases.record_decisions, actor=actor)
    return await run_lot(request, lot, database=db, work=each_as(_decision_of, work), events_per_item=2)


@router.put(
    "/labels/{label_id}/changes/{reference}",
    operation_id="record_label_change",
    summary="Suspend, reinstate or revoke a label",
)
async def record_label_change(
    label_id: UUID, reference: Reference, body: LabelChangeBody, tx: Tx, actor: Office
) -> LabelView:
    """Takes effect on a date; what began before stays counted."""
    await change_label(tx, body.to_domain(reference), label_id=label_id, actor=actor)
    return await label(tx.connection, label_id)
