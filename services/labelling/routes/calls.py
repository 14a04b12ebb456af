"""Doors to calls and criteria sets."""

from services.labelling.queries import calls as queries
from services.labelling.routes.callers import Office
from services.labelling.schemas.calls import CallBody, CallView, CriteriaSetId, CriteriaSetView
from services.labelling.schemas.words import Page
from services.labelling.use_cases import calls as use_cases
from shared.platform.edge.dependencies import Reader, Tx
from shared.platform.edge.fields import Reference
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["calls"])


@router.put("/calls/{reference}", operation_id="declare_call", summary="Declare or change a call")
async def declare_call(reference: Reference, body: CallBody, tx: Tx, _: Office) -> CallView:
    """What was submitted keeps the criteria it was judged by."""
    await use_cases.declare_call(tx, call=body.to_domain(reference))
    return await queries.call(tx.connection, reference)


@router.get("/calls/{reference}", operation_id="read_call", summary="A call with its intakes")
async def read_call(reference: Reference, reader: Reader) -> CallView:
    """Public."""
    return await queries.call(reader, reference)


@router.get("/calls", operation_id="list_calls", summary="Calls")
async def list_calls(reader: Reader, page: Paged) -> Page[CallView]:
    """Public, in the order of their references."""
    return page.sealed(await queries.calls(reader, limit=page.limit, after=page.after))


@router.get("/criteria-sets/{name}", operation_id="read_criteria_set", summary="A version of the criteria")
async def read_criteria_set(name: CriteriaSetId) -> CriteriaSetView:
    """Public: what each criterion asks of which declared fact, and where it comes from."""
    return queries.criteria_set(name)
