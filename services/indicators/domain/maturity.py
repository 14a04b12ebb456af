"""The one maturity rule: an exit counts in wave k once its anniversary and thirty more days have passed."""

import calendar
from datetime import date, timedelta

from shared.kernel.dates import add_months

GRACE = timedelta(days=30)
"""Time in which a valid answer may still refer to the anniversary."""

FINAL_CUT_OFF = timedelta(days=90)
"""Answers collected later than this after the anniversary change nothing any more (Rule 23)."""


def is_due(exit_on: date, *, wave: int, as_of: date) -> bool:
    """Whether an exit belongs to the matured cohort of a wave. Source: a_k + 30 days <= as_of, no exception."""
    return add_months(exit_on, wave) + GRACE <= as_of


def last_due_exit(as_of: date, *, wave: int) -> date:
    """The last exit day that is due at `as_of`; every earlier day is due too, every later one is not.

    Anniversaries never go back when exits go forward, so one day bounds the cohort. Clamping makes the last
    day of a short month the anniversary of several exits: on the last day of a month, the bound is the last
    day of the month of exit.
    """
    anniversary = as_of - GRACE
    start_of_month = add_months(anniversary.replace(day=1), -wave)
    length = calendar.monthrange(start_of_month.year, start_of_month.month)[1]
    anniversary_ends_month = anniversary.day == calendar.monthrange(anniversary.year, anniversary.month)[1]
    return start_of_month.replace(day=length if anniversary_ends_month else min(anniversary.day, length))


def is_provisional(last_exit: date, *, wave: int, as_of: date) -> bool:
    """Whether answers may still come in for the latest exits of a cohort. Source: Rule 23."""
    return add_months(last_exit, wave) + FINAL_CUT_OFF > as_of
