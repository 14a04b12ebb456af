"""Query parameters that lists share."""

from typing import Annotated

from fastapi import Query

from shared.platform.edge.fields import IsoDate, Reference

Limit = Annotated[int, Query(ge=1, le=500, description="Most items of the answer.")]
After = Annotated[Reference | None, Query(description="`next` of the answer before.")]
On = Annotated[IsoDate | None, Query(description="The date that is asked about; today when left out.")]
