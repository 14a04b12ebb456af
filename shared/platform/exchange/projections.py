"""What a service declares of what it heard: the tables that come from hearing alone, or how to hear a source again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.platform.database import Database


@dataclass(frozen=True)
class Projected:
    """One table that is written by handlers only, which say nothing, and can be made again from the logs."""

    table: str
    ignored: tuple[str, ...] = ()
    """Columns that say when something was known: two ways of hearing the same differ there."""
    counted: str = "true"
    """Which rows mean something: a cell that came back to nothing is like none."""
    compared: bool = True
    """False for the past: what came and went within one batch was never known there."""


@dataclass(frozen=True)
class HeardAgain:
    """How a service that owns state beside what it heard hears one source again, in place.

    Both work in transactions of their own, of at most as many facts as one may speak, and can be repeated.
    """

    forget: Callable[[Database], Awaitable[None]]
    """Forget the versions held of this source, so that every state is heard as a new one."""
    settle: Callable[[Database], Awaitable[None]]
    """Take back what was held of this source and was not heard again."""

    def beside(self, other: "HeardAgain") -> "HeardAgain":
        """This and then the other, of one source."""

        async def forget(database: Database) -> None:
            await self.forget(database)
            await other.forget(database)

        async def settle(database: Database) -> None:
            await self.settle(database)
            await other.settle(database)

        return HeardAgain(forget, settle)
