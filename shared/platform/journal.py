"""The journal: who read identified data or declared old facts, when and why; written with the act, never changed."""

from typing import Any

from sqlalchemy import Table, insert

from shared.platform.auth import Caller
from shared.platform.database import Transaction


async def record(
    tx: Transaction, journal: Table, *, caller: Caller, action: str, purpose: str | None = None, **detail: Any
) -> None:
    """Add an entry to a service's journal table. `detail` holds references and counts, never an identity."""
    await tx.execute(
        insert(journal).values(client_id=caller.client_id, action=action, purpose=purpose, detail=detail)
    )
