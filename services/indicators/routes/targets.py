"""Targets: what the scheme is to reach, and how far it is."""

from typing import Annotated

from fastapi import Depends

from services.indicators import queries
from services.indicators.routes.asking import AsOf
from services.indicators.schemas import TargetsView, targets_view
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.dependencies import Reader, Today
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["targets"])


@router.get("/targets", operation_id="list_targets", summary="Targets with what is reached at a date")
async def list_targets(
    reader: Reader,
    today: Today,
    caller: Annotated[Caller, Depends(require("indicators:read", "indicators:exact"))],
    as_of: AsOf = None,
) -> TargetsView:
    """Soonest first; progress is nationwide."""
    date = as_of or today
    return targets_view(await queries.read_targets(reader, as_of=date, holder=caller.org), as_of=date)
