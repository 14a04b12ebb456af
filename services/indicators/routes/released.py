"""Released figures: frozen, audited, for everybody. None exists yet."""

from typing import Annotated

from fastapi import Depends

from services.indicators import queries
from services.indicators.routes.asking import IndicatorId
from services.indicators.schemas import FigureView
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["released figures"])


@router.get(
    "/indicators/{indicator}",
    operation_id="read_released_indicator",
    summary="A released figure; `no_release` until the first release",
)
async def read_released_indicator(
    indicator: IndicatorId, _: Annotated[Caller, Depends(require("indicators:read"))]
) -> FigureView:
    """The path is taken so that nobody builds on an exact figure in its place."""
    return queries.released_figure(indicator)
