"""Mandates as labelling says them: kept by every listener, the newest state of each."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from shared.events.labelling import MandateGranted, MandateRevoked, MandateState
from shared.platform.database import Database, Transaction
from shared.platform.exchange.applying import Heard, Subscription
from shared.platform.exchange.projections import HeardAgain

_KEEP: Final = text("""
INSERT INTO mandate (mandate_id, holder, client_id, valid_from, valid_until, revoked_on, version)
SELECT * FROM unnest(CAST(:mandate_id AS uuid[]), CAST(:holder AS text[]), CAST(:client_id AS text[]),
    CAST(:valid_from AS date[]), CAST(:valid_until AS date[]), CAST(:revoked_on AS date[]), CAST(:version AS bigint[]))
ON CONFLICT (mandate_id) DO UPDATE SET holder = excluded.holder, client_id = excluded.client_id,
    valid_from = excluded.valid_from, valid_until = excluded.valid_until, revoked_on = excluded.revoked_on,
    version = excluded.version
WHERE mandate.version < excluded.version
""")
_COLUMNS: Final = (
    "mandate_id",
    "holder",
    "client_id",
    "valid_from",
    "valid_until",
    "revoked_on",
    "version",
)


async def keep_mandate_on_mandate_state(tx: Transaction, heard: list[Heard[MandateState]]) -> None:
    """Keep mandates as they stand; an older state than the one held changes nothing."""
    await tx.execute(_KEEP, _newest([item.fact for item in heard]))


async def _forget(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE mandate SET version = 0"))


async def _settle(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("DELETE FROM mandate WHERE version = 0"))


MANDATES: Final = Subscription("labelling", (MandateGranted, MandateRevoked), keep_mandate_on_mandate_state)
"""How a listener hears them."""
MANDATES_AGAIN: Final = HeardAgain(forget=_forget, settle=_settle)
"""How a listener hears them again in place; those that nobody says any more are dropped."""


def _newest(facts: Sequence[MandateState]) -> dict[str, list[Any]]:
    """Columns of one row for each mandate, in the order of their ids."""
    newest = {fact.mandate_id: fact for fact in sorted(facts, key=lambda fact: fact.version)}
    rows = [newest[mandate_id] for mandate_id in sorted(newest)]
    return {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
