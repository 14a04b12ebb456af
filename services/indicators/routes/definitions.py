"""Definitions: what each indicator means."""

from typing import Annotated

from fastapi import Depends

from services.indicators import queries
from services.indicators.routes.asking import IndicatorId
from services.indicators.schemas import DefinitionsView, DefinitionView, definition_view
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/definitions", tags=["definitions"])
Reading = Annotated[Caller, Depends(require("indicators:read", "indicators:exact"))]


@router.get("", operation_id="list_definitions", summary="Every definition in force")
async def list_definitions(_: Reading) -> DefinitionsView:
    """Ordered by id."""
    return DefinitionsView(items=[definition_view(one) for one in queries.all_definitions()])


@router.get("/{indicator}", operation_id="read_definition", summary="One definition in force")
async def read_definition(indicator: IndicatorId, _: Reading) -> DefinitionView:
    """Population, clock, parts, rounding, disclosure class, and the digest of all that."""
    return definition_view(queries.definition_of(indicator))
