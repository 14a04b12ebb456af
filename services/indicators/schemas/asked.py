"""Questions about figures, as they come in a query string."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.indicators.domain.definitions import Definition
from services.indicators.domain.filters import Filters, Question, check_flag, check_question, check_region
from services.indicators.domain.periods import parse_period
from services.indicators.domain.refusals import BEFORE_ALL
from shared.kernel.dates import DATE_IN_FUTURE
from shared.kernel.errors import Invalid
from shared.platform.edge.problems import ProblemError

FIRST_YEAR = 1900


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The query parameters of a figure, as they came, and the clock's word on today and now."""

    as_of: date | None
    known_at: datetime | None
    period: str | None
    region: str | None
    training: UUID | None
    flag: str | None
    at_least: str | None
    today: date
    now: datetime

    def question(self, definition: Definition, *, holder: str | None) -> Question:
        """The question they ask of a definition. Raises ProblemError 400: all of it stands in the query string."""
        try:
            self._check_clocks()
            return check_question(
                Question(
                    definition=definition,
                    as_of=self.as_of or self.today,
                    period=None if self.period is None else parse_period(self.period),
                    filters=Filters(
                        region=None if self.region is None else check_region(self.region),
                        training=self.training,
                        flag=None if self.flag is None else check_flag(self.flag),
                        holder=holder,
                    ),
                    known_at=self.known_at,
                )
            )
        except Invalid as refusal:
            raise ProblemError(400, refusal.rule, refusal.violations) from None

    def _check_clocks(self) -> None:
        tomorrow = self.today + timedelta(days=1)
        if self.as_of is not None and self.as_of > tomorrow:
            raise Invalid(DATE_IN_FUTURE, pointer="/as_of", expected=f"<= {tomorrow}")
        if self.known_at is not None and self.known_at.year < FIRST_YEAR:
            raise Invalid(BEFORE_ALL, pointer="/known_at", expected=f">= {FIRST_YEAR}-01-01")
        if self.known_at is not None and self.known_at > self.now:
            raise Invalid(DATE_IN_FUTURE, pointer="/known_at", expected=f"<= {self.now.isoformat()}")
