"""Effective dates: the bounds every act keeps, and the journal of the old ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.labelling.tables import EXCHANGE
from shared.kernel.dates import check_effective, is_old
from shared.platform import journal
from shared.platform.caller import Caller
from shared.platform.database import Transaction


@dataclass(frozen=True)
class Actor:
    """Who acts, and on what day the clock stands."""

    caller: Caller
    today: date

    def check(self, effective: date, *, pointer: str) -> None:
        """Refuse a date in the future, or an old one without the right. Raises Invalid, Forbidden."""
        check_effective(
            effective,
            today=self.today,
            may_backfill=self.caller.may("labelling:backfill"),
            pointer=pointer,
        )

    async def journal(self, tx: Transaction, what: str, *, dates: Iterable[date]) -> None:
        """Note once per call how many accepted acts bear an old date."""
        old = sum(is_old(effective, today=self.today) for effective in dates)
        if old:
            await journal.record(
                tx, EXCHANGE.journal, caller=self.caller, action="backfill", what=what, acts=old
            )
