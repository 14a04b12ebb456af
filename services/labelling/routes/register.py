"""The public register: no token is needed."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from services.labelling.domain.labels import Status
from services.labelling.domain.trainings import CertificationKind
from services.labelling.queries import register as queries
from services.labelling.routes.paging import On
from services.labelling.schemas.register import RegisterPage, RegisterView
from shared.platform.edge.dependencies import Reader, Today
from shared.platform.edge.fields import Reference, Siren
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router
from shared.platform.edge.streams import Snapshot, export, streamed

router = Router(prefix="/v1", tags=["register"])


def _wanted(
    *,
    status: Status | None = None,
    region: Annotated[str | None, Query(pattern=r"^\d{2}$", examples=["11"])] = None,
    certification_kind: CertificationKind | None = None,
    holder: Siren | None = None,
    network: Reference | None = None,
) -> queries.Filters:
    return queries.Filters(status, region, certification_kind, holder, network)


Wanted = Annotated[queries.Filters, Depends(_wanted)]


@router.get("/register", operation_id="list_register", summary="Labels with their status at a date")
async def list_register(
    reader: Reader,
    today: Today,
    page: Paged,
    filters: Wanted,
    on: On = None,
) -> RegisterPage:
    """Public; filters add up."""
    after = UUID(page.after) if page.after else None
    found = await queries.register(reader, on=on or today, filters=filters, limit=page.limit, after=after)
    return page.sealed(found)


@export(router, "/register/export", summary="The register at a date, whole, as NDJSON or CSV")
async def export_register(
    request: Request, snapshot: Snapshot, today: Today, filters: Wanted, on: On = None
) -> StreamingResponse:
    """Public. One view of the data; whole if its last record gives count and SHA-256 of what is before it."""
    listing = queries.listing(on=on or today, filters=filters)
    return await streamed(request, snapshot, listing=listing, name="register")


@router.get("/register/{label_id}", operation_id="read_register", summary="One label in the register")
async def read_register(label_id: UUID, reader: Reader, today: Today, on: On = None) -> RegisterView:
    """Public."""
    return await queries.registered(reader, label_id, on=on or today)
