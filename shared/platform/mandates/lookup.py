"""Whom a client acts for today: asked of the database at most every two seconds per client."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import text

from shared.kernel.clock import Clock
from shared.platform.caller import Caller
from shared.platform.database import Database
from shared.platform.sight import Sight

KEEP_SECONDS: Final = 2.0
"""So much later than its event a mandate, or its end, is in force in a process."""
MAX_KEPT: Final = 10_000
_IN_FORCE: Final = text("""
SELECT holder FROM mandate WHERE client_id = :client AND valid_from <= :today AND :today <= valid_until
    AND (revoked_on IS NULL OR :today < revoked_on)
""")


@dataclass
class Mandates:
    """The organisations that clients act for, as this service has heard it."""

    database: Database
    clock: Clock
    keep_seconds: float = KEEP_SECONDS
    _kept: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def added_to(self, caller: Caller) -> Caller:
        """The caller with its mandates; only an organisation's client has any."""
        if caller.org is None:
            return caller
        held = self._known(caller.client_id)
        if held is None:
            async with self._one_at_a_time:
                held = self._known(caller.client_id)
                if held is None:
                    held = await self.look_up(caller.client_id)
        return replace(caller, mandates=held) if held else caller

    async def look_up(self, client_id: str) -> frozenset[str]:
        """As it stands right now."""
        async with self.database.seen_by(Sight(client=client_id)).reading() as connection:
            rows = await connection.execute(_IN_FORCE, {"client": client_id, "today": self.clock.today()})
            held = frozenset(rows.scalars())
        if len(self._kept) >= MAX_KEPT:
            self.forget()
        self._kept[client_id] = time.monotonic() + self.keep_seconds, held
        return held

    def forget(self) -> None:
        """Ask again for everybody."""
        self._kept.clear()

    def _known(self, client_id: str) -> frozenset[str] | None:
        until, held = self._kept.get(client_id, (0.0, frozenset[str]()))
        return held if time.monotonic() < until else None
