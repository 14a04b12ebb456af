"""Doors to applications: declare, submit, withdraw, read."""

from functools import partial
from typing import Any

from fastapi import Request

from services.labelling.domain.applications import State, Submission
from services.labelling.queries import applications as queries
from services.labelling.routes.callers import Holder, HolderReader
from services.labelling.routes.lots import each_as
from services.labelling.schemas.application_views import ApplicationSummaryView, ApplicationView
from services.labelling.schemas.applications import (
    ApplicationBody,
    ApplicationItem,
    ApplicationLot,
    SubmissionBody,
    SubmissionItem,
    SubmissionLot,
    WithdrawalBody,
)
from services.labelling.schemas.words import Page
from services.labelling.use_cases import applications as use_cases
from services.labelling.use_cases.applications import Declaration
from shared.platform.edge.bulk import read_lot, run_lot
from shared.platform.edge.dependencies import Db, Reader, Tx
from shared.platform.edge.fields import Reference, Siren
from shared.platform.edge.openapi import BULK_RESULTS, bulk_body
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/holders/{siren}", tags=["applications"])


def _declaration_of(item: ApplicationItem) -> Declaration:
    return Declaration(item.reference, item.to_content())


def _submission_of(item: SubmissionItem) -> Submission:
    return item.to_domain(item.reference)


@router.put(
    "/applications/{reference}",
    operation_id="declare_application",
    summary="Declare an application, or change a draft",
)
async def declare_application(
    siren: Siren, reference: Reference, body: ApplicationBody, tx: Tx, _: Holder
) -> ApplicationView:
    """A draft until it is submitted; the answer previews what the criteria say."""
    await use_cases.declare_application(tx, Declaration(reference, body.to_content()), holder=siren)
    return await queries.application(tx.connection, holder=siren, reference=reference)


@router.post(
    "/applications",
    status_code=207,
    operation_id="declare_applications",
    summary="Declare applications in bulk",
    openapi_extra=bulk_body(ApplicationLot),
    responses=BULK_RESULTS,
)
async def declare_applications(request: Request, siren: Siren, db: Db, _: Holder) -> dict[str, Any]:
    """Up to 1,000; one result per item, in order."""
    lot = await read_lot(request, ApplicationLot)
    work = partial(use_cases.declare_applications, holder=siren)
    return await run_lot(request, lot, database=db, work=each_as(_declaration_of, work))


@router.put(
    "/applications/{reference}/submission", operation_id="submit_application", summary="Submit an application"
)
async def submit_application(
    siren: Siren, reference: Reference, body: SubmissionBody, tx: Tx, actor: Holder
) -> ApplicationView:
    """Within the dates of the intake; eligibility is judged at once and the criteria are pinned."""
    await use_cases.submit_application(tx, body.to_domain(reference), holder=siren, actor=actor)
    return await queries.application(tx.connection, holder=siren, reference=reference)


@router.post(
    "/submissions",
    status_code=207,
    operation_id="submit_applications",
    summary="Submit applications in bulk",
    openapi_extra=bulk_body(SubmissionLot),
    responses=BULK_RESULTS,
)
async def submit_applications(request: Request, siren: Siren, db: Db, actor: Holder) -> dict[str, Any]:
    """Up to 1,000; one result per item, with the criteria that make an application inadmissible."""
    lot = await read_lot(request, SubmissionLot)
    work = partial(use_cases.submit_applications, holder=siren, actor=actor)
    return await run_lot(request, lot, database=db, work=each_as(_submission_of, work))


@router.put(
    "/applications/{reference}/withdrawal",
    operation_id="withdraw_application",
    summary="Take an application back",
)
async def withdraw_application(
    siren: Siren, reference: Reference, body: WithdrawalBody, tx: Tx, actor: Holder
) -> ApplicationView:
    """While it is not decided."""
    await use_cases.withdraw_application(
        tx, reference, holder=siren, withdrawn_on=body.withdrawn_on, actor=actor
    )
    return await queries.application(tx.connection, holder=siren, reference=reference)


@router.get(
    "/applications/{reference}", operation_id="read_application", summary="An application with its evaluation"
)
async def read_application(
    siren: Siren, reference: Reference, reader: Reader, _: HolderReader
) -> ApplicationView:
    """State, what the criteria say with evidence and threshold, decision with its reasons, label."""
    return await queries.application(reader, holder=siren, reference=reference)


@router.get("/applications", operation_id="list_applications", summary="A holder's applications")
async def list_applications(
    siren: Siren,
    reader: Reader,
    _: HolderReader,
    page: Paged,
    state: State | None = None,
) -> Page[ApplicationSummaryView]:
    """In the order of their references."""
    found = await queries.applications(reader, holder=siren, state=state, limit=page.limit, after=page.after)
    return page.sealed(found)
