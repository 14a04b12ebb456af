"""Whom to follow, over HTTP."""

from typing import Annotated

from fastapi import Depends, Query

from services.enrolment.schemas.texts import Purpose
from services.enrolment.schemas.views import Roster
from services.enrolment.use_cases.readings import RosterWanted
from services.enrolment.use_cases.readings import read_roster as read_page
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.dependencies import Tx
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/rosters", tags=["rosters"])

ExitMonth = Annotated[str, Query(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2016-09"])]


@router.get("", operation_id="read_roster", summary="Persons to follow who left in a month")
async def read_roster(
    tx: Tx,
    caller: Annotated[Caller, Depends(require("enrolment:rosters"))],
    exit_month: ExitMonth,
    purpose: Annotated[Purpose, Query(description="Why it is read; journalled with the call.")],
    page: Paged,
) -> Roster:
    """Completed, abandoned or interrupted in that month, without those who opposed the search; journalled."""
    wanted = RosterWanted(exit_month, page.limit, page.after)
    return page.sealed(await read_page(tx, wanted, purpose=purpose, caller=caller))
