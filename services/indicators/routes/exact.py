"""Exact figures: few readers, any filter, every reading journalled."""

from typing import Annotated

from fastapi import Depends, Query

from services.indicators import queries, use_cases
from services.indicators.routes.asking import IndicatorId, Purpose, Question
from services.indicators.schemas import FigureView, figure_view
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.dependencies import SnapshotTx
from shared.platform.edge.fields import Siren
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["exact figures"])


@router.get(
    "/exact/indicators/{indicator}",
    operation_id="read_exact_indicator",
    summary="An exact figure, with all that explains it; a holder reads its own trainings only",
)
async def read_exact_indicator(
    indicator: IndicatorId,
    asked: Question,
    purpose: Purpose,
    tx: SnapshotTx,
    caller: Annotated[Caller, Depends(require("indicators:exact"))],
    holder: Annotated[
        Siren | None,
        Query(description="One organisation; of a holder's client, its own unless it names another."),
    ] = None,
) -> FigureView:
    """Definition, numerator, denominator, unknowns, response, interval, bounds and status. Not for publication."""
    if holder is not None and caller.org is not None:
        caller.must_be_holder(holder)
    question = asked.question(queries.definition_of(indicator), holder=holder or caller.org)
    answer = await queries.exact_answer(tx, question, at_least=asked.at_least)
    await use_cases.note_exact_reading(tx, question=question, caller=caller, purpose=purpose)
    return figure_view(question, answer.figure, heard=answer.heard, now=asked.now)
