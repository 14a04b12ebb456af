"""How far the scheme is from its targets."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.domain.definitions import Clock
from services.indicators.domain.filters import Filters, Question
from services.indicators.domain.periods import Period
from services.indicators.domain.targets import Target
from services.indicators.queries.figures import read_figure
from services.indicators.repository.definitions import registry
from services.indicators.tables import target_fact

_SINCE = date(2015, 1, 1)
"""Before the first call: a target on a flow counts everything up to the date."""


async def read_targets(connection: AsyncConnection, *, as_of: date, holder: str | None) -> Sequence[Target]:
    """Every target, soonest first, with what is reached nationwide at a date.

    A holder reads exact figures of its own trainings only: it learns what the targets are, not how far they are.
    """
    statement = select(target_fact).order_by(target_fact.c.due_on, target_fact.c.target_id)
    rows = (await connection.execute(statement)).mappings().all()
    measured = sorted({row["indicator"] for row in rows}) if holder is None else []
    reached = {indicator: await _reached(connection, indicator, as_of=as_of) for indicator in measured}
    return [
        Target(
            target_id=row["target_id"],
            indicator=row["indicator"],
            value=row["value"],
            due_on=row["due_on"],
            label_fr=row["label_fr"],
            label_en=row["label_en"],
            progress=reached.get(row["indicator"]),
        )
        for row in rows
    ]


async def _reached(connection: AsyncConnection, indicator: str, *, as_of: date) -> int | None:
    definition = registry().get(indicator)
    if definition is None:
        return None
    period = Period(_SINCE, as_of) if definition.clock is Clock.FLOW else None
    question = Question(definition=definition, as_of=as_of, period=period, filters=Filters())
    return (await read_figure(connection, question)).numerator
