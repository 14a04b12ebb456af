"""`/imports`: send a file, follow it, fetch what was found, cancel; the same for every kind and service."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from shared.platform.caller import Caller
from shared.platform.database import Database
from shared.platform.edge.addresses import public
from shared.platform.edge.auth import authenticated
from shared.platform.edge.dependencies import Db, Reader
from shared.platform.edge.negotiation import preferred
from shared.platform.edge.paging import Paged
from shared.platform.edge.problems import language_of
from shared.platform.edge.registry import Explanation, explanations
from shared.platform.edge.routing import Router, StrictRoute
from shared.platform.event_log import Position
from shared.platform.imports import findings, queries
from shared.platform.imports.columns import cells_in
from shared.platform.imports.kinds import Address, Imports, Kind
from shared.platform.imports.receiving import CSV, MEDIA_TYPES, receive
from shared.platform.imports.uploads import end_job
from shared.platform.imports.views import ImportLinks, ImportPage, ImportView, view_of

WAIT: Final = "2"
"""Seconds after which it is worth asking again."""
UPLOAD_SECONDS: Final = 3600.0
_ONE: Final = "/{import_id:uuid}"
"""Only an id: the name of a kind is another path, which has other methods."""
_ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})

Sender = Annotated[Caller, Depends(authenticated)]
ImportId = Annotated[UUID, Path(description="`id` of the import.")]


class UploadRoute(StrictRoute):
    """A file takes the time it takes; the proxy ends it when nothing comes any more."""

    seconds: ClassVar[float] = UPLOAD_SECONDS


class FindingsRoute(StrictRoute):
    """A table, or a record a line."""

    served = findings.MEDIA_TYPES


def routes_of(imports: Imports) -> APIRouter:
    """The routes of a service's imports."""
    router = Router(prefix=imports.prefix, tags=["imports"], dependencies=[Depends(imports.owner)])
    for kind in imports.kinds:
        _add_kind(router, kind)
    router.add_api_route("", list_imports, operation_id="list_imports", summary="One's imports, newest first")
    router.add_api_route(_ONE, read_import, operation_id="read_import", summary="How far an import is")
    router.add_api_route(
        _ONE,
        cancel_import,
        methods=["DELETE"],
        operation_id="cancel_import",
        summary="Stop an import and destroy its file",
    )
    router.add_api_route(
        f"{_ONE}/errors",
        read_import_errors,
        operation_id="read_import_errors",
        summary="What was refused or noticed, by line",
        response_class=StreamingResponse,
        route_class_override=FindingsRoute,
        responses={200: {"content": {kind: {"schema": {"type": "string"}} for kind in findings.MEDIA_TYPES}}},
    )
    return router


def _add_kind(router: APIRouter, kind: Kind) -> None:
    router.add_api_route(
        f"/{kind.name}",
        _receiver(kind),
        methods=["POST"],
        status_code=202,
        operation_id=f"import_{kind.name}",
        summary=kind.summary,
        response_model=ImportView,
        dependencies=[Depends(kind.head)] if kind.head else [],
        route_class_override=UploadRoute,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    media_type: {"schema": {"type": "string"}, "example": _example(kind, media_type)}
                    for media_type in MEDIA_TYPES
                },
            }
        },
    )


def _example(kind: Kind, media_type: str) -> str:
    """A line of the kind, as its model shows it; of a table with its header."""
    shown = _shown(kind)
    if media_type != CSV:
        return json.dumps(shown, ensure_ascii=False)
    cells = cells_in(shown)
    return f"{';'.join(cells)}\n{';'.join(cells.values())}"


def _shown(kind: Kind) -> dict[str, Any]:
    schema = TypeAdapter(kind.item).json_schema()
    for shown in (schema, *schema.get("$defs", {}).values()):
        examples = [shown["example"]] if "example" in shown else shown.get("examples", [])
        if examples:
            found: dict[str, Any] = examples[0]
            return found
    raise LookupError(kind.name)


def _receiver(kind: Kind) -> Callable[..., Awaitable[ImportView]]:
    async def take_file(  # noqa: PLR0917 - handed over by name
        request: Request,
        db: Db,
        caller: Sender,
        dry_run: Annotated[bool, Query(description="The same verdicts, and no effect.")] = False,  # noqa: FBT002 - a query parameter
    ) -> ImportView:
        """The file is read to its end and kept encrypted; its lines are worked off afterwards, 500 at a time."""
        job_id = await receive(request, kind, database=db, caller=caller, dry_run=dry_run)
        request.state.headers["Location"] = _address(request, job_id)
        return await _one(request, db, job_id=job_id, caller=caller)

    return take_file


async def list_imports(  # noqa: PLR0917 - handed over by name
    request: Request,
    reader: Reader,
    caller: Sender,
    page: Paged,
) -> ImportPage:
    """Those of this client; they are forgotten 30 days after their end."""
    rows = await queries.many_jobs(
        reader,
        owner=request.state.import_owner,
        caller=caller,
        schema=request.app.state.service,
        after=UUID(page.after) if page.after else None,
        limit=page.limit + 1,
    )
    items = [_view(request, row) for row in rows[: page.limit]]
    return page.sealed(ImportPage(items=items, next=str(items[-1].id) if len(rows) > page.limit else None))


async def read_import(  # noqa: PLR0917 - handed over by name
    request: Request, db: Db, import_id: ImportId, caller: Sender
) -> ImportView:
    """Until it has ended, `Retry-After` says when to ask again; `Tremplin-Position`: how far its facts reach."""
    return await _one(request, db, job_id=import_id, caller=caller)


async def cancel_import(  # noqa: PLR0917 - handed over by name
    request: Request, db: Db, import_id: ImportId, caller: Sender
) -> ImportView:
    """What was done of it stays; one that has ended is left as it is."""
    await _one(request, db, job_id=import_id, caller=caller)
    async with db.transaction() as tx:
        await end_job(tx, import_id, schema=db.service, state="cancelled")
    return await _one(request, db, job_id=import_id, caller=caller)


async def read_import_errors(  # noqa: PLR0917 - handed over by name
    request: Request, db: Db, import_id: ImportId, caller: Sender
) -> StreamingResponse:
    """Line numbers, fields and codes, never a text of the file; complete once the import has ended."""
    async with db.reading() as connection:
        await queries.one_job(
            connection, import_id, owner=request.state.import_owner, caller=caller, schema=db.service
        )
    media_type = preferred(request, findings.MEDIA_TYPES)
    content = findings.written(
        _pages(db, import_id), media_type=media_type, words=_words(request), language=language_of(request)
    )
    name = f"{import_id}.{'csv' if media_type == CSV else 'ndjson'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept, Accept-Language"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


async def _pages(db: Database, job_id: UUID) -> AsyncIterator[Any]:
    after = (0, -1)
    while True:
        async with db.reading() as connection:
            rows = await queries.findings(connection, job_id, schema=db.service, after=after, limit=1000)
        if not rows:
            return
        yield rows
        after = rows[-1].line, rows[-1].number


async def _one(request: Request, db: Database, *, job_id: UUID, caller: Caller) -> ImportView:
    async with db.reading() as connection:
        row = await queries.one_job(
            connection, job_id, owner=request.state.import_owner, caller=caller, schema=db.service
        )
    request.state.positions.extend(map(Position.of, row.positions))
    if row.state not in _ENDED:
        request.state.headers["Retry-After"] = WAIT
    return _view(request, row)


def _view(request: Request, row: Any) -> ImportView:
    links = ImportLinks(
        self=_address(request, row.job_id), errors=_address(request, row.job_id, part="/errors")
    )
    return view_of(row, links=links, words=_words(request), language=language_of(request))


def _address(request: Request, job_id: UUID, *, part: str = "") -> str:
    """Of one of the imports that a call is about."""
    address: Address = request.state.import_address
    return public(request, address(request.state.import_owner, f"/{job_id}{part}"))


def _words(request: Request) -> Mapping[str, Explanation]:
    return explanations(request.app.state.service)
