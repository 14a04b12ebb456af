"""Old facts: who may declare them, and the trace they leave."""

from collections.abc import Iterable
from datetime import date

from services.enrolment.domain.calendars import Calendar
from services.enrolment.tables import EXCHANGE
from shared.platform import journal
from shared.platform.caller import Caller
from shared.platform.database import Transaction

SCOPE = "enrolment:backfill"


def calendar_of(caller: Caller, *, today: date) -> Calendar:
    """The day of the call with the caller's right to old dates."""
    return Calendar(today=today, may_backfill=caller.may(SCOPE))


async def record_backfill(
    tx: Transaction, *, caller: Caller, calendar: Calendar, kind: str, dates: Iterable[date]
) -> None:
    """Journal how many of the accepted facts were old, if any."""
    old = sum(calendar.is_old(effective) for effective in dates)
    if old:
        await journal.record(tx, EXCHANGE.journal, caller=caller, action="backfill", kind=kind, count=old)
