"""The clock as a port: the only place of the pure rooms that knows the present."""

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
"""Effective dates are French civil dates."""


class Clock(Protocol):
    """What the services ask of time."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        ...

    def today(self) -> date:
        """The civil date in France."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The civil date in France."""
        return datetime.now(PARIS).date()


class FixedClock:
    """A clock that stands still, for tests and replays."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """The instant it was given."""
        return self._instant

    def today(self) -> date:
        """Its civil date in France."""
        return self._instant.astimezone(PARIS).date()
