"""The day of a call: what is in the future, what is old, and who may still declare it."""

from dataclasses import dataclass
from datetime import date

from shared.kernel.dates import check_effective, is_old


@dataclass(frozen=True, slots=True)
class Calendar:
    """The day of the call, and whether the caller may declare old facts."""

    today: date
    may_backfill: bool

    def check(self, effective: date, *, pointer: str) -> None:
        """Refuse a date in the future, or an old one without the right."""
        check_effective(effective, today=self.today, may_backfill=self.may_backfill, pointer=pointer)

    def check_plan(self, effective: date, *, pointer: str) -> None:
        """Like `check`, for a date that may well be in the future."""
        check_effective(
            min(effective, self.today), today=self.today, may_backfill=self.may_backfill, pointer=pointer
        )

    def is_old(self, effective: date) -> bool:
        """Whether the date needed the backfill right."""
        return is_old(effective, today=self.today)
