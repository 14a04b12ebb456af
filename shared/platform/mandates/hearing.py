"""Mandates as labelling says them: kept by every listener, the newest state of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, update
from sqlalchemy.dialects.postgresql import insert

from shared.events.labelling import MandateGranted, MandateRevoked, MandateState
from shared.platform.database import Database, Transaction
from shared.platform.exchange.applying import Heard, Subscription
from shared.platform.exchange.projections import HeardAgain
from shared.platform.rows import upsert_rows


def subscription_to_mandates(table: Table) -> Subscription:
    """How a listener hears them into its table."""

    async def keep_mandate_on_mandate_state(tx: Transaction, heard: list[Heard[MandateState]]) -> None:
        newer = table.c.version < insert(table).excluded.version
        rows = _newest([item.fact for item in heard])
        await tx.execute(upsert_rows(table, rows, key=["mandate_id"], only_if=newer))

    return Subscription("labelling", (MandateGranted, MandateRevoked), keep_mandate_on_mandate_state)


def mandates_heard_again(table: Table) -> HeardAgain:
    """How a listener hears them again in place; those that nobody says any more are dropped."""

    async def forget(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.execute(update(table).values(version=0))

    async def settle(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.execute(delete(table).where(table.c.version == 0))

    return HeardAgain(forget=forget, settle=settle)


def _newest(facts: Sequence[MandateState]) -> list[dict[str, Any]]:
    """One row of each mandate, in the order of their ids."""
    newest = {fact.mandate_id: fact for fact in sorted(facts, key=lambda fact: fact.version)}
    return [newest[mandate_id].model_dump() for mandate_id in sorted(newest)]
