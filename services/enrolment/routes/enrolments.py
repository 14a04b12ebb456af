"""Enrolments over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from services.enrolment import queries
from services.enrolment.queries import EnrolmentsWanted, PageWanted
from services.enrolment.routes.parameters import Asker, Writer
from services.enrolment.schemas.enrolments import EnrolmentBody, EnrolmentItem, EnrolmentLot
from services.enrolment.schemas.texts import Reference, hide_nir
from services.enrolment.schemas.views import EnrolmentFile, EnrolmentPage, EnrolmentWritten
from services.enrolment.use_cases.answers import only, verdicts_of
from services.enrolment.use_cases.entries import declare_enrolments
from services.enrolment.use_cases.readings import open_file
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict, read_lot, run_lot
from shared.platform.edge.dependencies import Db, Reader, Today, Tx
from shared.platform.edge.fields import Siren
from shared.platform.edge.openapi import BULK_RESULTS, bulk_body
from shared.platform.edge.paging import Paged
from shared.platform.edge.problems import error_items, language_of
from shared.platform.edge.routing import Router
from shared.platform.edge.streams import Snapshot, export, streamed

router = Router(prefix="/v1/holders/{siren}/enrolments", tags=["enrolments"])
# Beside them: below, it would take the address of an enrolment that a holder calls so.
exports = Router(prefix="/v1/holders/{siren}/exports", tags=["enrolments"])


def _wanted(
    session: Annotated[Reference | None, Query(description="Of one session only.")] = None,
    status: Literal["in_training", "completed", "abandoned", "transferred", "interrupted", "cancelled"]
    | None = None,
) -> EnrolmentsWanted:
    return EnrolmentsWanted(session, status)


Wanted = Annotated[EnrolmentsWanted, Depends(_wanted)]


@router.put("/{reference}", operation_id="declare_enrolment", summary="Declare or correct an entry")
async def declare_enrolment(
    request: Request,
    siren: Siren,
    reference: Reference,
    body: EnrolmentBody,
    tx: Tx,
    today: Today,
    caller: Writer,
) -> EnrolmentWritten:
    """The entry under the holder's own reference; an end that was declared is not touched."""
    caller.must_be_holder(siren)
    declared = [body.to_domain(reference)]
    verdict = only(await declare_enrolments(tx, declared, holder=siren, caller=caller, today=today))
    view = await queries.enrolment_as_held(tx.connection, holder=siren, reference=reference, today=today)
    warnings = error_items(verdict.warnings, language=language_of(request))
    return EnrolmentWritten(**vars(view), verdict=verdict.status, warnings=warnings)


@router.post(
    "",
    status_code=207,
    operation_id="declare_enrolments",
    summary="Declare or correct up to 1,000 entries",
    openapi_extra=bulk_body(EnrolmentLot),
    responses=BULK_RESULTS,
)
async def declare_many_enrolments(
    request: Request, siren: Siren, db: Db, today: Today, caller: Writer
) -> dict[str, Any]:
    """One result per item, in order; 500 items are durable together."""
    caller.must_be_holder(siren)
    lot = await read_lot(request, EnrolmentLot)
    hide_nir(lot.references)

    async def work(tx: Transaction, items: list[EnrolmentItem]) -> list[Verdict]:
        declared = [item.to_domain(item.reference) for item in items]
        return verdicts_of(await declare_enrolments(tx, declared, holder=siren, caller=caller, today=today))

    return await run_lot(request, lot, database=db, work=work)


@router.get("", operation_id="list_enrolments", summary="The enrolments held, without identities")
async def list_enrolments(
    siren: Siren,
    reader: Reader,
    today: Today,
    caller: Asker,
    page: Paged,
    wanted: Wanted,
) -> EnrolmentPage:
    """By reference, a page at a time."""
    caller.must_be_holder(siren)
    found = await queries.enrolments_of_holder(
        reader,
        holder=siren,
        page=PageWanted(page.limit, page.after),
        wanted=wanted,
        today=today,
    )
    return page.sealed(found)


@export(exports, "/enrolments", summary="The enrolments held, whole, without identities, as NDJSON or CSV")
async def export_enrolments(
    request: Request, siren: Siren, snapshot: Snapshot, today: Today, caller: Asker, wanted: Wanted
) -> StreamingResponse:
    """One view of the data; whole if its last record gives count and SHA-256 of what is before it."""
    caller.must_be_holder(siren)
    listing = queries.enrolments_listed(holder=siren, wanted=wanted, today=today)
    return await streamed(request, snapshot, listing=listing, name="enrolments")


@router.get(
    "/{reference}", operation_id="read_enrolment", summary="An enrolment with its learner and results"
)
async def read_enrolment(
    siren: Siren, reference: Reference, tx: Tx, today: Today, caller: Asker
) -> EnrolmentFile:
    """Reading it is journalled, since it shows an identity."""
    caller.must_be_holder(siren)
    view = await queries.enrolment_as_held(tx.connection, holder=siren, reference=reference, today=today)
    return await open_file(tx, view, holder=siren, caller=caller)
