"""A whole list as one answer: records from a server-side cursor, and a last one that says that nothing is missing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import RowMapping, Select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Send

from shared.platform.edge.csv_text import MARK, table
from shared.platform.edge.dependencies import reader
from shared.platform.edge.fields import View
from shared.platform.edge.negotiation import preferred
from shared.platform.edge.problems import BUSY, ProblemError
from shared.platform.edge.routing import StrictRoute
from shared.platform.edge.shape_errors import models_in

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
MEDIA_TYPES: Final = (NDJSON, CSV)
ROWS: Final = 500
"""Rows held at a time."""
STREAMS: Final = 3
"""Streams under way in one process: each holds a connection of the pool."""
LONGEST: Final = 900.0
"""Seconds after which a stream ends unfinished: its snapshot keeps the dead rows of everybody."""
_LIMITS: Final = text(
    "SELECT set_config('statement_timeout', '30s', true),"
    " set_config('idle_in_transaction_session_timeout', '60s', true)"
)
"""For each fetch, and for a client that takes nothing."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Listing:
    """What there is to stream: a question, and the view that a list shows of each of its rows."""

    question: Select[Any]
    model: type[View]
    view: Callable[[RowMapping], View]


class ExportRoute(StrictRoute):
    """A record a line, or a table."""

    served = MEDIA_TYPES


async def _place(request: Request) -> AsyncIterator[None]:
    """One of the few places. Raises ProblemError 503 when all are taken."""
    places: asyncio.Semaphore = request.app.state.streams
    if places.locked():
        raise ProblemError(503, BUSY, headers={"Retry-After": "5"})
    async with places:
        yield


# Request scope: held until the last byte is sent or the client is gone, and no longer.
Snapshot = Annotated[AsyncConnection, Depends(reader, scope="request")]


def export(router: APIRouter, path: str, *, summary: str) -> Callable[[Endpoint], Endpoint]:
    """Add an export to a router; the function's name is the operation's id."""

    def add(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(
            path,
            endpoint,
            operation_id=endpoint.__name__,
            summary=summary,
            response_class=StreamingResponse,
            route_class_override=ExportRoute,
            dependencies=[Depends(_place, scope="request")],
            responses={200: {"content": {kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES}}},
        )
        return endpoint

    return add


class _Closed(StreamingResponse):
    """Its source is closed with it, not when the garbage is collected."""

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self.body_iterator):  # type: ignore[type-var]  # a generator of ours
            await super().stream_response(send)


async def streamed(
    request: Request, snapshot: AsyncConnection, *, listing: Listing, name: str
) -> StreamingResponse:
    """The answer of an export, of the type that the caller likes best; `name` is that of the file."""
    media_type = preferred(request, MEDIA_TYPES)
    await snapshot.execute(_LIMITS)
    suffix = "csv" if media_type == CSV else "ndjson"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"', "Vary": "Accept"}
    content = _whole(snapshot, listing, form=_Table(listing.model) if media_type == CSV else _Lines())
    return _Closed(content, media_type=media_type, headers=headers)


async def _whole(
    snapshot: AsyncConnection, listing: Listing, *, form: "_Lines | _Table"
) -> AsyncIterator[bytes]:
    """The records and, after the last of them, how many they were and the digest of all bytes before."""
    digest, count, over_at = sha256(form.head), 0, time.monotonic() + LONGEST
    yield form.head
    async with snapshot.stream(listing.question.execution_options(yield_per=ROWS)) as found:
        async for rows in found.mappings().partitions():
            if time.monotonic() > over_at:
                raise TimeoutError
            part = form.records([listing.view(row) for row in rows])
            digest.update(part)
            count += len(rows)
            yield part
    yield form.end(count, digest.hexdigest())


class _Lines:
    """NDJSON: what the list gives, a line for each."""

    head = b""

    def records(self, views: Sequence[View]) -> bytes:
        return "".join(f"{view.model_dump_json(by_alias=True)}\n" for view in views).encode()

    def end(self, count: int, digest: str) -> bytes:
        return json.dumps({"end": {"count": count, "sha256": digest}}).encode() + b"\n"


class _Table:
    """CSV: a column for each member, those of an object named `object.member`."""

    def __init__(self, model: type[View]) -> None:
        self._paths = list(_paths_in(model))
        self.head = (MARK + table([[".".join(path) for path in self._paths]])).encode()

    def records(self, views: Sequence[View]) -> bytes:
        contents = [view.model_dump(by_alias=True) for view in views]
        return table([[_at(content, path) for path in self._paths] for content in contents]).encode()

    def end(self, count: int, digest: str) -> bytes:
        return f"#end;{count};{digest}\r\n".encode()


def _paths_in(model: type[BaseModel], *before: str) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        place = (*before, info.serialization_alias or name)
        inner = () if "list[" in str(info.annotation) else models_in(info.annotation)
        if inner:
            yield from _paths_in(inner[0], *place)
        else:
            yield place


def _at(content: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = content
    for name in path:
        if value is None:
            return None
        value = value[name]
    return value
