"""The exchange seen over HTTP: how fresh this service is, and its log for those who must repair theirs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse

from shared.platform import event_log
from shared.platform.auth import Caller, authenticated, require
from shared.platform.dependencies import Reader
from shared.platform.freshness import freshness
from shared.platform.topology import PARTITIONS

router = APIRouter(prefix="/v1", tags=["exchange"])


@router.get("/freshness", operation_id="read_freshness", summary="How far this service has heard the others")
async def read_freshness(
    request: Request, reader: Reader, _: Annotated[Caller, Depends(authenticated)]
) -> dict[str, Any]:
    """Per source: position, watermark and age in seconds; and the last numbers of this service's own log."""
    return await freshness(reader, request.app.state.watermarks, service=request.app.state.service)


@router.get(
    "/events",
    operation_id="read_events",
    summary="Events of this service's log, as NDJSON",
    response_class=PlainTextResponse,
)
async def read_events(  # noqa: PLR0917 - handed over by name
    request: Request,
    reader: Reader,
    _: Annotated[Caller, Depends(require("events:feed"))],
    partition: Annotated[int, Query(ge=0, lt=PARTITIONS)],
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> PlainTextResponse:
    """Events of one partition with a number greater than `after`, in order, one envelope a line."""
    found = await event_log.read(
        reader, service=request.app.state.service, partition=partition, after=after, limit=limit
    )
    return PlainTextResponse(
        "\n".join(envelope.to_json() for envelope in found), media_type="application/x-ndjson"
    )
