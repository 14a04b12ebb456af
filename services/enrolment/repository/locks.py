"""What keeps two calls on one holder apart."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import text

from shared.platform.database import Transaction

_SPACE: Final = 0x656E72
"""Advisory locks are numbered for the whole database; this number marks those of enrolment."""


async def hold(tx: Transaction, holders: Iterable[str]) -> None:
    """Hold holders alone until commit: sessions and coverage change, which entries are judged by."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(:space, holder) FROM unnest(CAST(:holders AS int[])) AS holder"),
        {"space": _SPACE, "holders": sorted({int(holder) for holder in holders})},
    )


async def share(tx: Transaction, holder: str) -> None:
    """Hold a holder together with others until commit: sessions and coverage stand still, entries may come."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock_shared(:space, :holder)"), {"space": _SPACE, "holder": int(holder)}
    )
