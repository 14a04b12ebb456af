"""Query parameters that several routes share."""

from typing import Annotated

from fastapi import Query

from shared.platform.edge.fields import IsoDate

On = Annotated[IsoDate | None, Query(description="The date that is asked about; today when left out.")]
