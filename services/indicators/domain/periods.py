"""Periods as callers write them: a year, a quarter, a month, or a range of days."""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from services.indicators.domain.refusals import BAD_PERIOD
from shared.kernel.errors import Invalid

FORMS = "2016 | 2016-Q3 | 2016-09 | 2016-09-01..2016-12-31"

_YEAR = re.compile(r"(\d{4})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def until(self, day: date) -> "Period":
        """The part of the period that lies no later than `day`; empty when it starts after it."""
        return Period(self.first, min(self.last, day))


def parse_period(text: str) -> Period:
    """The period a text names. Raises Invalid(bad_period)."""
    try:
        if found := _YEAR.fullmatch(text):
            return _months(int(found[1]), first=1, last=12)
        if found := _QUARTER.fullmatch(text):
            return _months(int(found[1]), first=3 * int(found[2]) - 2, last=3 * int(found[2]))
        if found := _MONTH.fullmatch(text):
            return _months(int(found[1]), first=int(found[2]), last=int(found[2]))
        if found := _RANGE.fullmatch(text):
            period = Period(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
            if period.first <= period.last:
                return period
    except ValueError:
        pass
    raise Invalid(BAD_PERIOD, pointer="/period", expected=FORMS)


def _months(year: int, *, first: int, last: int) -> Period:
    """Raises ValueError on a month or year that does not exist (monthrange refuses both)."""
    end = date(year, last, 1)
    return Period(date(year, first, 1), end.replace(day=calendar.monthrange(year, last)[1]))
