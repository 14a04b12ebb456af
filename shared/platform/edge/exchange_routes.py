"""The exchange seen over HTTP: how fresh this service is, and its log for those who follow it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.config import JsonDict

from shared.kernel.errors import Forbidden, Invalid, Rule, Unavailable
from shared.platform import event_log
from shared.platform.caller import Caller
from shared.platform.edge.auth import authenticated, require
from shared.platform.edge.dependencies import Db, Reader, Tx
from shared.platform.edge.fields import Body, View
from shared.platform.edge.routing import Router
from shared.platform.event_log import LogMoved
from shared.platform.exchange import heard_positions, log_reader
from shared.platform.exchange.freshness import freshness
from shared.platform.exchange.log_archive import BadArchive
from shared.platform.exchange.log_digests import LONGEST, log_digests
from shared.platform.exchange.log_epochs import log_epochs
from shared.platform.topology import HEARS, PARTITIONS

log = structlog.get_logger()

NO_LISTENER = Rule(
    "no_listener",
    fr="Ce client n'est pas un service qui écoute celui-ci.",
    en="This client is not a service that hears this one.",
)
STRETCH_TOO_LONG = Rule(
    "stretch_too_long",
    fr="Demandez sept jours au plus, le début avant la fin.",
    en="Ask for seven days at most, the beginning before the end.",
)
UNREADABLE = Rule(
    "log_unreadable",
    fr="Cette partie du journal ne peut pas être lue pour le moment.",
    en="This part of the log cannot be read at the moment.",
)
_EXAMPLE: JsonDict = {
    "positions": [
        {
            "partition": 7,
            "seq": 1234,
            "id": "019ac0de-0000-7000-8000-000000000001",
            "epoch": "5f0c2c5e-0000-4000-8000-000000000001",
        }
    ]
}


class HeardPosition(Body):
    """The last event of one partition that a listener has applied."""

    partition: Annotated[int, Field(strict=True, ge=0, lt=PARTITIONS)]
    seq: Annotated[int, Field(strict=True, ge=1, le=2**62)]
    id: UUID
    epoch: UUID


class HeardPositions(Body):
    """Where a listener stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    positions: Annotated[list[HeardPosition], Field(max_length=PARTITIONS)]


class LogAnswer(View):
    """This log's incarnation, and the partitions in which it has no such event at that number."""

    epoch: UUID
    strange: list[int]


class LogEpochView(View):
    """One incarnation of the log, and up to which number of each partition it is the one before it."""

    epoch: UUID
    reason: str
    cuts: dict[str, int]


class LogEpochs(View):
    """Every incarnation, the first one first."""

    epochs: list[LogEpochView]


class HourDigestView(View):
    """One hour of one partition: events, the sum of their ids' last 60 bits, and the last number."""

    partition: int
    hour: datetime
    events: int
    digest: str
    last_seq: int


class LogDigestsView(View):
    """Hours that have events, and from when on none is missing because its day was archived and dropped."""

    complete_from: datetime | None
    hours: list[HourDigestView]


class NdjsonResponse(PlainTextResponse):
    """One JSON value a line."""

    media_type = "application/x-ndjson"


router = Router(prefix="/v1", tags=["exchange"])


@router.get("/freshness", operation_id="read_freshness", summary="How far this service has heard the others")
async def read_freshness(
    request: Request, reader: Reader, _: Annotated[Caller, Depends(authenticated)]
) -> dict[str, Any]:
    """Per source: position, watermark, its age in seconds, and whether it is idle, moving, waiting, stuck, deaf or
    halted; of this service's own log the last numbers, and whether its relay is idle, moving, stuck, disconnected or
    halted.
    """
    return await freshness(reader, request.app.state.watermarks, service=request.app.state.service)


@router.get(
    "/events",
    operation_id="read_events",
    summary="Events of this service's log, as NDJSON",
    response_class=NdjsonResponse,
)
async def read_events(  # noqa: PLR0917 - handed over by name
    request: Request,
    db: Db,
    _: Annotated[Caller, Depends(require("events:feed"))],
    partition: Annotated[int, Query(ge=0, lt=PARTITIONS)],
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> NdjsonResponse:
    """Events of one partition with a number greater than `after`, in order, one envelope a line."""
    try:
        # Statement by statement: a day that is dropped between two of them is then read from the archive.
        async with db.glance() as connection:
            found = await log_reader.read(
                connection,
                service=db.service,
                partition=partition,
                after=after,
                limit=limit,
                archive=request.app.state.archive,
            )
    except (BadArchive, LogMoved) as error:
        log.critical("feed.unreadable", partition=partition, after=after, reason=str(error))
        raise Unavailable(UNREADABLE) from error
    return NdjsonResponse("\n".join(envelope.to_json() for envelope in found))


@router.get("/events/digests", operation_id="read_log_digests", summary="What this log holds, hour by hour")
async def read_log_digests(  # noqa: PLR0917 - handed over by name
    request: Request,
    reader: Reader,
    _: Annotated[Caller, Depends(require("events:feed"))],
    since: Annotated[AwareDatetime, Query(alias="from")],
    until: Annotated[AwareDatetime, Query(alias="to")],
) -> LogDigestsView:
    """Per partition and hour of recording, from `from` to before `to`: what a listener compares its own with."""
    if not since < until <= since + LONGEST:
        raise Invalid(STRETCH_TOO_LONG, pointer="to")
    found = await log_digests(reader, service=request.app.state.service, since=since, until=until)
    return LogDigestsView.model_validate(found.to_content())


@router.get("/events/epochs", operation_id="read_log_epochs", summary="The incarnations of this log")
async def read_log_epochs(
    request: Request, reader: Reader, _: Annotated[Caller, Depends(require("events:feed"))]
) -> LogEpochs:
    """A log whose database was set back goes on as a new one from a cut: what was said after that is void."""
    found = await log_epochs(reader, service=request.app.state.service)
    return LogEpochs.model_validate({"epochs": [one.to_content() for one in found]})


@router.put("/events/heard", operation_id="report_heard", summary="Say how far one has heard this log")
async def report_heard(  # noqa: PLR0917 - handed over by name
    request: Request, body: HeardPositions, tx: Tx, caller: Annotated[Caller, Depends(require("events:feed"))]
) -> LogAnswer:
    """Positions are kept, so that nothing is forgotten before every listener has it; strange ones are answered."""
    service: str = request.app.state.service
    listener = caller.client_id.removeprefix("service-")
    if service not in HEARS.get(listener, ()):
        raise Forbidden(NO_LISTENER)
    places = [(at.partition, at.seq, at.id) for at in body.positions]
    epoch = (await event_log.watermark(tx.connection, service=service)).epoch
    strange = await event_log.strangers(tx.connection, places, service=service)
    sound = {
        at.partition: at.seq for at in body.positions if at.epoch == epoch and at.partition not in strange
    }
    await heard_positions.keep(tx, sound, listener=listener, service=service)
    return LogAnswer(epoch=epoch, strange=list(strange))
