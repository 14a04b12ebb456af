"""The public register: no token is needed."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.labelling.domain.labels import Status
from services.labelling.domain.trainings import CertificationKind
from services.labelling.queries import register as queries
from services.labelling.routes.paging import On
from services.labelling.schemas.register import RegisterPage, RegisterView
from shared.platform.edge.dependencies import Reader, Today
from shared.platform.edge.fields import Reference, Siren
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["register"])


@router.get("/register", operation_id="list_register", summary="Labels with their status at a date")
async def list_register(
    reader: Reader,
    today: Today,
    page: Paged,
    on: On = None,
    status: Status | None = None,
    region: Annotated[str | None, Query(pattern=r"^\d{2}$", examples=["11"])] = None,
    certification_kind: CertificationKind | None = None,
    holder: Siren | None = None,
    network: Reference | None = None,
) -> RegisterPage:
    """Public; filters add up."""
    filters = queries.Filters(status, region, certification_kind, holder, network)
    after = UUID(page.after) if page.after else None
    found = await queries.register(reader, on=on or today, filters=filters, limit=page.limit, after=after)
    return page.sealed(found)


@router.get("/register/{label_id}", operation_id="read_register", summary="One label in the register")
async def read_register(label_id: UUID, reader: Reader, today: Today, on: On = None) -> RegisterView:
    """Public."""
    return await queries.registered(reader, label_id, on=on or today)
