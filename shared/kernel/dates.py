"""Calendar arithmetic of the label and the one rule on effective dates."""

import calendar
from datetime import date, timedelta

from shared.kernel.errors import Forbidden, Invalid, Rule

BACKFILL_AFTER = timedelta(days=90)
_SHORTEST_MONTH = 28

DATE_IN_FUTURE = Rule(
    "date_in_future",
    fr="Cette date d'effet est dans le futur.",
    en="This effective date lies in the future.",
)
BACKFILL_SCOPE_REQUIRED = Rule(
    "backfill_scope_required",
    fr="Une date d'effet de plus de 90 jours demande le droit de rattrapage.",
    en="An effective date more than 90 days old needs the backfill scope.",
)


def add_months(start: date, months: int) -> date:
    """`start` plus calendar months, clamped to the end of the month: 31 August + 6 = 28 or 29 February.

    Source: the anniversary rule of the follow-up (calendar months, clamped).
    """
    month_index = start.year * 12 + start.month - 1 + months
    year, month = divmod(month_index, 12)
    if start.day <= _SHORTEST_MONTH:
        return date(year, month + 1, start.day)
    last_day = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last_day))


def is_old(effective: date, *, today: date) -> bool:
    """Whether an effective date needs the backfill scope: more than 90 days before `today`."""
    return effective < today - BACKFILL_AFTER


def check_effective(effective: date, *, today: date, may_backfill: bool, pointer: str) -> None:
    """Refuse a date later than tomorrow, or one more than 90 days old without the backfill right.

    Rules judge effective dates; the clock serves only for these two bounds (architecture, time).
    Raises Invalid(date_in_future) or Forbidden(backfill_scope_required).
    """
    if effective > today + timedelta(days=1):
        raise Invalid(DATE_IN_FUTURE, pointer=pointer, expected=f"<= {today + timedelta(days=1)}")
    if not may_backfill and is_old(effective, today=today):
        raise Forbidden(BACKFILL_SCOPE_REQUIRED, pointer=pointer)
