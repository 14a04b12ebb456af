"""What the routes of figures have in common: the query parameters of a question."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from pydantic import AwareDatetime

from services.indicators.domain.periods import FORMS
from services.indicators.schemas import Asked
from shared.kernel.clock import Clock
from shared.platform.edge.dependencies import Today
from shared.platform.edge.fields import IsoDate, Text

IndicatorId = Annotated[
    str, Path(max_length=40, pattern=r"^[a-z][a-z0-9_]*$", examples=["insertion_6"], description="Its id.")
]
Purpose = Annotated[
    Text,
    Query(
        min_length=3,
        max_length=200,
        description="Why the exact figure is read; kept in the journal.",
        examples=["annual report 2016"],
    ),
]
AtLeast = Annotated[
    str | None,
    Query(
        max_length=2000,
        pattern=r"^[a-z]+/\d{2}/\d+(, ?[a-z]+/\d{2}/\d+)*$",
        description="Positions (`Tremplin-Position` of a write) that must have been heard; 503 until then.",
        examples=["enrolment/07/1234"],
    ),
]
AsOf = Annotated[
    IsoDate | None, Query(description="True on this date; today by default.", examples=["2016-12-31"])
]


async def now(request: Request) -> datetime:
    """The instant of the application's clock."""
    clock: Clock = request.app.state.clock
    return clock.now()


async def asked(
    *,
    today: Today,
    instant: Annotated[datetime, Depends(now)],
    as_of: AsOf = None,
    known_at: Annotated[
        AwareDatetime | None, Query(description="As far as was known at this instant; now by default.")
    ] = None,
    period: Annotated[
        str | None, Query(max_length=24, description="Of entry or of exit.", examples=["2016", FORMS])
    ] = None,
    region: Annotated[
        str | None, Query(max_length=7, description="Region of the training's site.", examples=["11"])
    ] = None,
    training: Annotated[UUID | None, Query(description="One training.")] = None,
    flag: Annotated[
        str | None, Query(max_length=24, description="One audience and answer.", examples=["qpv:yes"])
    ] = None,
    at_least: AtLeast = None,
) -> Asked:
    """The question of a request, not yet checked against a definition."""
    return Asked(
        as_of=as_of,
        known_at=known_at,
        period=period,
        region=region,
        training=training,
        flag=flag,
        at_least=at_least,
        today=today,
        now=instant,
    )


Question = Annotated[Asked, Depends(asked)]
