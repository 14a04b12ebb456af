"""The journal: who read identified data or declared old facts, when and why; written with the act, never changed."""

from typing import Any

from sqlalchemy import Table, bindparam, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.caller import Caller
from shared.platform.database import Transaction


async def record(
    tx: Transaction, journal: Table, *, caller: Caller, action: str, purpose: str | None = None, **detail: Any
) -> None:
    """Add an entry to a service's journal table. `detail` holds references and counts, never an identity."""
    await tx.execute(
        insert(journal).values(client_id=caller.client_id, action=action, purpose=purpose, detail=detail)
    )


async def note(tx: Transaction, service: str, *, client_id: str, action: str, detail: dict[str, Any]) -> None:
    """The same for what the platform itself does, in the journal of whichever service it works for."""
    statement = text(
        f"INSERT INTO {service}.journal (client_id, action, detail) VALUES (:client_id, :action, :detail)"  # noqa: S608
    ).bindparams(bindparam("detail", type_=JSONB))
    await tx.execute(statement, {"client_id": client_id, "action": action, "detail": detail})
