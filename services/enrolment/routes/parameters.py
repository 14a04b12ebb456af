"""Parameters and callers that several routes share."""

from typing import Annotated

from fastapi import Depends, Query

from services.enrolment.schemas.texts import Reference
from shared.platform.caller import Caller
from shared.platform.edge.auth import require

Writer = Annotated[Caller, Depends(require("enrolment:write"))]
Asker = Annotated[Caller, Depends(require("enrolment:read", "enrolment:write"))]

Limit = Annotated[int, Query(ge=1, le=500, description="Rows of a page.")]
After = Annotated[Reference | None, Query(description="Key of the last row of the page before.")]
