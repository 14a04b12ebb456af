"""One writer at a time for an aggregate that may not have a row yet."""

from sqlalchemy import text

from shared.platform.database import Transaction


async def lock(tx: Transaction, kind: str, *, key: str) -> None:
    """Hold an aggregate until the end of the transaction: two first declarations of it come one after the other."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"labelling:{kind}:{key}"}
    )
