"""Callers that several routes share."""

from typing import Annotated

from fastapi import Depends

from shared.platform.caller import Caller
from shared.platform.edge.auth import require

Writer = Annotated[Caller, Depends(require("enrolment:write"))]
Asker = Annotated[Caller, Depends(require("enrolment:read", "enrolment:write"))]
