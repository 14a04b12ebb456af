"""What an operator may do over HTTP: see what is parked, and ask that it be driven again."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Path, Query, Request, Response
from pydantic import ConfigDict, StringConstraints

from shared.kernel.errors import UNKNOWN, Invalid, NotFound, Rule
from shared.platform.caller import Caller
from shared.platform.edge.addresses import public
from shared.platform.edge.auth import require
from shared.platform.edge.dependencies import Reader, Tx
from shared.platform.edge.fields import Body, View
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router
from shared.platform.event_log import Position
from shared.platform.exchange import parked_events, redrive_requests
from shared.platform.topology import HEARS

SOURCE_NOT_HEARD = Rule(
    "source_not_heard",
    fr="Ce service n'écoute pas cette source.",
    en="This service does not hear that source.",
)

_PRINTABLE_ASCII: Final = r"^[ -~]+$"

Operator = Annotated[Caller, Depends(require("exchange:operate"))]
Aggregate = Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True)]


class RedriveWanted(Body):
    """Whose parked events to drive again: of one aggregate, or all of a source."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source": "labelling"}]})

    source: Annotated[str, StringConstraints(max_length=20, strict=True)]
    aggregate_id: Aggregate | None = None


class RedriveView(View):
    """A request, and how far it is; `note` says why something is left."""

    request: int
    source: str
    aggregate_id: str | None
    requested_by: str
    requested_at: datetime
    done_at: datetime | None
    driven: int
    left_parked: int | None
    note: str | None


class ParkedView(View):
    """One parked event without its data."""

    position: str
    type: str
    aggregate_id: str
    reason: str
    parked_at: datetime
    tries: int
    tried_at: datetime | None


class ParkedPage(View):
    """Parked events in the order of their positions; `next` is the `after` of the next page."""

    items: list[ParkedView]
    next: str | None


router = Router(prefix="/v1/exchange", tags=["exchange"])


@router.get("/parked", operation_id="list_parked", summary="Events set aside, and why")
async def list_parked(  # noqa: PLR0917 - handed over by name
    request: Request,
    reader: Reader,
    _: Operator,
    page: Paged,
    source: Annotated[str | None, Query(max_length=20, pattern=r"^[a-z]+$")] = None,
    aggregate_id: Annotated[str | None, Query(min_length=1, max_length=200, pattern=_PRINTABLE_ASCII)] = None,
) -> ParkedPage:
    """Position, type, aggregate, reason, since when and how often it was tried; never what the event says."""
    found = await parked_events.page(
        reader,
        request.app.state.service,
        limit=page.limit,
        after=_position(page.after),
        source=source,
        aggregate=aggregate_id,
    )
    following = found[-1].position if len(found) == page.limit else None
    return page.sealed(ParkedPage(items=[ParkedView(**asdict(event)) for event in found], next=following))


@router.post(
    "/redrives", operation_id="ask_redrive", summary="Ask that parked events be driven again", status_code=202
)
async def ask_redrive(  # noqa: PLR0917 - handed over by name
    request: Request, response: Response, body: RedriveWanted, tx: Tx, caller: Operator
) -> RedriveView:
    """A worker carries it out, in the order of each aggregate; `Location` tells how far it is."""
    service: str = request.app.state.service
    if body.source not in HEARS[service]:
        raise Invalid(SOURCE_NOT_HEARD, pointer="/source")
    asked = await redrive_requests.ask(
        tx, service, source=body.source, aggregate=body.aggregate_id, by=caller.client_id
    )
    response.headers["Location"] = public(request, f"/v1/exchange/redrives/{asked.request}")
    return RedriveView(**asdict(asked))


@router.get("/redrives/{request_id}", operation_id="read_redrive", summary="How far a request to redrive is")
async def read_redrive(  # noqa: PLR0917 - handed over by name
    request: Request, reader: Reader, _: Operator, request_id: Annotated[int, Path(ge=1, le=2**62)]
) -> RedriveView:
    """`done_at` is empty until a worker has carried it out. Raises NotFound."""
    found = await redrive_requests.read(reader, request.app.state.service, request=request_id)
    if found is None:
        raise NotFound(UNKNOWN)
    return RedriveView(**asdict(found))


def _position(after: str | None) -> Position:
    if after is None:
        return parked_events.START
    source, partition, seq = after.split("/")
    return Position(source, int(partition), int(seq))
