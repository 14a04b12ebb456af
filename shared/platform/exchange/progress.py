"""Tells idle from stuck: the state of a relay, and of a listener with one source; rules only, no clock and no store."""

from dataclasses import dataclass
from typing import Literal

ListeningState = Literal["idle", "moving", "waiting", "stuck", "deaf", "halted"]
RelayingState = Literal["idle", "moving", "stuck", "disconnected", "halted"]

UNWELL = frozenset({"stuck", "deaf", "disconnected", "halted"})
"""States that do not end by themselves."""

JUST_NOW = 3.0
STUCK_AFTER = 15.0
UNHEARD_AFTER = 10.0
"""Seconds. A speaker announces itself and a connection is looked at every few seconds."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """How a listener follows one source; times are seconds since, None where there was no such moment."""

    behind: int = 0
    """Events that were announced and not applied."""
    moved: float | None = None
    """Since any position of the source moved."""
    still: float | None = None
    """The longest that a partition with something announced to it has not moved."""
    heard: float | None = None
    """Since the source last announced itself."""
    halted: str | None = None

    @property
    def state(self) -> ListeningState:
        """A partition that is stuck counts, however busy the others are."""
        if self.halted is not None:
            return "halted"
        if self.heard is None or self.heard > UNHEARD_AFTER:
            return "deaf"
        if self.behind == 0:
            return "idle"
        if self.still is not None and self.still > STUCK_AFTER:
            return "stuck"
        return "moving" if self.moved is not None and self.moved <= JUST_NOW else "waiting"


@dataclass(frozen=True, kw_only=True)
class Relaying:
    """How a service publishes its log."""

    unpublished: int = 0
    oldest: float | None = None
    """Age of the oldest event that is not published."""
    moved: float | None = None
    """Since something was published."""
    connected: float | None = None
    """Since a relay of this service was last seen with a connection to the broker."""
    halted: str | None = None

    @property
    def state(self) -> RelayingState:
        """An old event that waits behind many is no sign of being stuck while others before it go out."""
        if self.halted is not None:
            return "halted"
        if self.connected is None or self.connected > UNHEARD_AFTER:
            return "disconnected"
        if self.unpublished == 0:
            return "idle"
        still = min(age for age in (self.oldest, self.moved, float("inf")) if age is not None)
        return "stuck" if STUCK_AFTER < still < float("inf") else "moving"
