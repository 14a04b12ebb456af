"""Reporters and holders read a follow-up; its holder excludes a learner."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.followup import queries
from services.followup.schemas.followups import ExclusionBody, ExclusionReceipt, FollowupView, receipt_of
from services.followup.use_cases.exclusions import exclude_learner
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.dependencies import Reader, Today, Tx
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["follow-ups"])


@router.get(
    "/followups/{enrolment_id}",
    operation_id="read_followup",
    summary="Read a follow-up: waves, situations, and why",
)
async def read_followup(
    enrolment_id: UUID, reader: Reader, caller: Annotated[Caller, Depends(require("outcomes:read"))]
) -> FollowupView:
    """For reporters, and for the holder of the enrolment."""
    return await queries.followup_for(reader, enrolment_id, caller=caller)


@router.put(
    "/followups/{enrolment_id}/exclusion",
    operation_id="exclude_learner",
    summary="Take a learner out of the figures, for a closed reason",
)
async def put_exclusion(
    enrolment_id: UUID,
    body: ExclusionBody,
    tx: Tx,
    today: Today,
    caller: Annotated[Caller, Depends(require("outcomes:write"))],
) -> ExclusionReceipt:
    """Only by the holder of the enrolment; the learner's waves then count apart, as excluded."""
    return receipt_of(
        await exclude_learner(tx, enrolment_id, exclusion=body.to_domain(), caller=caller, today=today)
    )
