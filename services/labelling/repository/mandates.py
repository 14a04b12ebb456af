"""Mandates as rows."""

from sqlalchemy import select

from services.labelling.domain.mandates import Mandate
from services.labelling.repository.locks import lock
from services.labelling.tables import MANDATE
from shared.platform.database import Transaction
from shared.platform.rows import upsert_rows


async def hold_mandate(tx: Transaction, holder: str, *, reference: str) -> Mandate | None:
    """A mandate, held against other writers of it."""
    await lock(tx, "mandate", key=f"{holder}:{reference}")
    found = await tx.execute(
        select(MANDATE).where(MANDATE.c.holder == holder, MANDATE.c.reference == reference)
    )
    row = found.mappings().one_or_none()
    return None if row is None else Mandate(**row)


async def save_mandate(tx: Transaction, mandate: Mandate) -> None:
    """Write a mandate."""
    await tx.execute(upsert_rows(MANDATE, [vars(mandate)], key=["mandate_id"]))
