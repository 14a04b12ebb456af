"""Sessions over HTTP."""

from typing import Annotated, Any

from fastapi import Query, Request

from services.enrolment import queries
from services.enrolment.queries import PageWanted
from services.enrolment.routes.parameters import Asker, Writer
from services.enrolment.schemas.sessions import (
    SessionBody,
    SessionDigest,
    SessionItem,
    SessionLot,
    SessionPage,
    SessionView,
)
from services.enrolment.schemas.texts import Reference, hide_nir
from services.enrolment.use_cases.answers import only, verdicts_of
from services.enrolment.use_cases.sessions import declare_sessions
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict, read_lot, run_lot
from shared.platform.edge.dependencies import Db, Reader, Today, Tx
from shared.platform.edge.fields import Siren
from shared.platform.edge.openapi import BULK_RESULTS, bulk_body
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/holders/{siren}/sessions", tags=["sessions"])


@router.put("/{reference}", operation_id="declare_session", summary="Declare or change a session")
async def declare_session(
    siren: Siren, reference: Reference, body: SessionBody, tx: Tx, today: Today, caller: Writer
) -> SessionView:
    """The session under the holder's own reference; sending it again changes nothing."""
    caller.must_be_holder(siren)
    declared = [body.to_domain(reference)]
    verdict = only(await declare_sessions(tx, declared, holder=siren, caller=caller, today=today))
    view = await queries.session_as_held(tx.connection, holder=siren, reference=reference)
    return view.model_copy(update={"verdict": verdict.status})


@router.post(
    "",
    status_code=207,
    operation_id="declare_sessions",
    summary="Declare or change up to 1,000 sessions",
    openapi_extra=bulk_body(SessionLot),
    responses=BULK_RESULTS,
)
async def declare_many_sessions(
    request: Request, siren: Siren, db: Db, today: Today, caller: Writer
) -> dict[str, Any]:
    """One result per item, in order; 500 items are durable together."""
    caller.must_be_holder(siren)
    lot = await read_lot(request, SessionLot)
    hide_nir(lot.references)

    async def work(tx: Transaction, items: list[SessionItem]) -> list[Verdict]:
        declared = [item.to_domain(item.reference) for item in items]
        return verdicts_of(await declare_sessions(tx, declared, holder=siren, caller=caller, today=today))

    return await run_lot(request, lot, database=db, work=work)


@router.get("", operation_id="list_sessions", summary="The sessions held")
async def list_sessions(
    siren: Siren,
    reader: Reader,
    caller: Asker,
    page: Paged,
    training: Annotated[Reference | None, Query(description="Of one training only.")] = None,
) -> SessionPage:
    """By reference, a page at a time."""
    caller.must_be_holder(siren)
    wanted = PageWanted(page.limit, page.after)
    found = await queries.sessions_of_holder(reader, holder=siren, page=wanted, training=training)
    return page.sealed(found)


@router.get("/{reference}", operation_id="read_session", summary="A session as it is held")
async def read_session(siren: Siren, reference: Reference, reader: Reader, caller: Asker) -> SessionView:
    """With its coverage by the label."""
    caller.must_be_holder(siren)
    return await queries.session_as_held(reader, holder=siren, reference=reference)


@router.get(
    "/{reference}/digest", operation_id="read_session_digest", summary="Count and hash of what is held"
)
async def read_session_digest(
    siren: Siren, reference: Reference, reader: Reader, caller: Asker
) -> SessionDigest:
    """Compare what is held of a session with one's own books in one call.

    Write one line per enrolment of the session, `reference|entered_on|status|ended_on`: dates as YYYY-MM-DD, status
    as the API names it, nothing after the last bar while there is no end. Sort the lines by code point, join them
    with a line feed and none at the end, encode in UTF-8; `sha256` is the SHA-256 of that in lower-case hexadecimal,
    `count` the number of lines. Equal pairs mean equal books, in whatever order they are kept.
    """
    caller.must_be_holder(siren)
    return await queries.digest_of_session(reader, holder=siren, reference=reference)
