"""A lot: what a reporter searched to write the lines of one push."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.followup.domain.refusals import BAD_PERIOD
from shared.kernel.dates import DATE_IN_FUTURE
from shared.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class LotHead:
    """Period, population, and the day up to which the source knows everything."""

    reference: str
    period_from: date
    period_to: date
    population: str
    complete_to: date
    produced_on: date


def check_lot(lot: LotHead, *, today: date) -> None:
    """A period has an order, and no source is complete to a day that has not come. Raises Invalid. Source: Rule 22."""
    if lot.period_to < lot.period_from:
        raise Invalid(BAD_PERIOD, pointer="/lot/period")
    latest = today + timedelta(days=1)
    for name, day in (("complete_to", lot.complete_to), ("produced_on", lot.produced_on)):
        if day > latest:
            raise Invalid(DATE_IN_FUTURE, pointer=f"/lot/{name}", expected=f"<= {latest}")
