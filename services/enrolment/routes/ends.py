"""Ends over HTTP."""

from typing import Any

from fastapi import Request

from services.enrolment import queries
from services.enrolment.routes.parameters import Writer
from services.enrolment.schemas.ends import EndBody, EndItem, EndLot
from services.enrolment.schemas.texts import Reference, hide_nir
from services.enrolment.schemas.views import EnrolmentView, EnrolmentWritten
from services.enrolment.use_cases.answers import only, verdicts_of
from services.enrolment.use_cases.ends import declare_ends, withdraw_wrong_end
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict, read_lot, run_lot
from shared.platform.edge.dependencies import Db, Today, Tx
from shared.platform.edge.fields import Siren
from shared.platform.edge.openapi import BULK_RESULTS, bulk_body
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/holders/{siren}", tags=["ends"])


@router.put(
    "/enrolments/{reference}/end",
    operation_id="declare_end",
    summary="Declare or correct how an enrolment ended",
)
async def declare_end(
    siren: Siren, reference: Reference, body: EndBody, tx: Tx, today: Today, caller: Writer
) -> EnrolmentWritten:
    """Completed, abandoned, transferred, interrupted by the provider, or cancelled before it began."""
    caller.must_be_holder(siren)
    declared = [body.to_domain(reference)]
    verdict = only(await declare_ends(tx, declared, holder=siren, caller=caller, today=today))
    view = await queries.enrolment_as_held(tx.connection, holder=siren, reference=reference, today=today)
    return EnrolmentWritten(**vars(view), verdict=verdict.status)


@router.delete("/enrolments/{reference}/end", operation_id="withdraw_end", summary="Take a wrong end back")
async def withdraw_end(
    siren: Siren, reference: Reference, tx: Tx, today: Today, caller: Writer
) -> EnrolmentView:
    """The enrolment is in training again; without an end nothing changes."""
    caller.must_be_holder(siren)
    await withdraw_wrong_end(tx, reference, holder=siren)
    return await queries.enrolment_as_held(tx.connection, holder=siren, reference=reference, today=today)


@router.post(
    "/ends",
    status_code=207,
    operation_id="declare_ends",
    summary="Declare or correct up to 1,000 ends",
    openapi_extra=bulk_body(EndLot),
    responses=BULK_RESULTS,
)
async def declare_many_ends(
    request: Request, siren: Siren, db: Db, today: Today, caller: Writer
) -> dict[str, Any]:
    """One result per item, in order; 500 items are durable together."""
    caller.must_be_holder(siren)
    lot = await read_lot(request, EndLot)
    hide_nir(lot.references)

    async def work(tx: Transaction, items: list[EndItem]) -> list[Verdict]:
        declared = [item.to_domain(item.reference) for item in items]
        return verdicts_of(await declare_ends(tx, declared, holder=siren, caller=caller, today=today))

    return await run_lot(request, lot, database=db, work=work)
