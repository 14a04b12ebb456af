"""Targets of the scheme."""

from sqlalchemy import select

from services.labelling.domain.targets import Indicator, Target
from services.labelling.repository.locks import lock
from services.labelling.tables import TARGET
from shared.platform.database import Transaction
from shared.platform.rows import upsert_rows


async def hold_target(tx: Transaction, reference: str) -> Target | None:
    """A target, held against other writers of it."""
    await lock(tx, "target", key=reference)
    found = await tx.execute(select(TARGET).where(TARGET.c.reference == reference))
    row = found.mappings().one_or_none()
    return None if row is None else Target(**{**row, "indicator": Indicator(row["indicator"])})


async def save_target(tx: Transaction, target: Target) -> None:
    """Write a target."""
    row = {**vars(target), "indicator": target.indicator.value}
    await tx.execute(upsert_rows(TARGET, [row], key=["reference"]))
