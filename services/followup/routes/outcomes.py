"""Reporters and holders push outcomes, and read back what they pushed."""

from datetime import date
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from services.followup import queries
from services.followup.schemas.lots import LotView, ObservationPage
from services.followup.schemas.outcomes import Line, OutcomeLot, verdicts_schema
from services.followup.use_cases.outcomes import Sending, count_refused, record_outcomes, reporter_of
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.auth import require
from shared.platform.edge.bulk import Verdict, read_lot, run_lot
from shared.platform.edge.dependencies import Db, Reader, Today
from shared.platform.edge.fields import Reference, Siren
from shared.platform.edge.openapi import bulk_body
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router
from shared.platform.edge.streams import Snapshot, export, streamed

router = Router(prefix="/v1", tags=["outcomes"])

Writer = Annotated[Caller, Depends(require("outcomes:write"))]
Asker = Annotated[Caller, Depends(require("outcomes:read"))]
Holder = Annotated[
    Siren | None,
    Query(description="The organisation for which a client with its mandate acts; its own when left out."),
]


@router.post(
    "/outcomes",
    status_code=207,
    operation_id="push_outcomes",
    summary="Push what became of learners, up to 1,000 lines",
    response_class=JSONResponse,
    responses={207: {"description": "One verdict per line, in order.", "content": verdicts_schema()}},
    openapi_extra=bulk_body(OutcomeLot),
)
async def push_outcomes(
    request: Request, db: Db, today: Today, caller: Writer, holder: Holder = None
) -> Response:
    """Each line is judged by (reporter, reference): the same again is answered `duplicate` and changes nothing."""
    reporter, source = reporter_of(caller, holder)
    lot = await read_lot(request, OutcomeLot)
    sending = Sending(uuid4(), caller, reporter, source, lot.head.lot.to_domain())
    work = partial(_record, sending=sending, today=today)
    if lot.rejected or not lot.items:
        async with db.transaction(request.state.positions) as tx:
            await count_refused(tx, len(lot.rejected), sending=sending, today=today)
    return JSONResponse(await run_lot(request, lot, database=db, work=work), status_code=207)


async def _record(tx: Transaction, lines: list[Line], *, sending: Sending, today: date) -> list[Verdict]:
    return await record_outcomes(tx, [line.to_domain() for line in lines], sending=sending, today=today)


@router.get("/lots/{reference}", operation_id="read_lot", summary="Read one of one's own lots")
async def read_own_lot(
    reference: Annotated[Reference, Path()], reader: Reader, caller: Asker, holder: Holder = None
) -> LotView:
    """Its head, and the verdicts of its latest sending."""
    return await queries.lot_of(reader, reference, reporter=reporter_of(caller, holder)[0])


@router.get("/observations", operation_id="list_observations", summary="List one's own observations")
async def list_observations(
    reader: Reader,
    caller: Asker,
    page: Paged,
    holder: Holder = None,
) -> ObservationPage:
    """What is held under each reference, retracted ones included."""
    reporter = reporter_of(caller, holder)[0]
    found = await queries.own_observations(reader, reporter=reporter, after=page.after, limit=page.limit)
    return page.sealed(found)


@export(router, "/observations/export", summary="One's own observations, whole, as NDJSON or CSV")
async def export_observations(
    request: Request, snapshot: Snapshot, caller: Asker, holder: Holder = None
) -> StreamingResponse:
    """One view of the data; whole if its last record gives count and SHA-256 of what is before it."""
    listing = queries.observations_listed(reporter=reporter_of(caller, holder)[0])
    return await streamed(request, snapshot, listing=listing, name="observations")
