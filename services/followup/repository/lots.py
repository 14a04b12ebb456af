"""Lots as rows: the head of the latest sending, and its verdicts counted across its transactions."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert

from services.followup.domain.lots import LotHead
from services.followup.tables import LOT
from shared.platform.database import Transaction

COUNTS = ("accepted", "accepted_with_warning", "duplicate", "older_than_held", "waiting", "rejected")


async def count_in_lot(
    tx: Transaction,
    lot: LotHead,
    *,
    reporter: str,
    sending: UUID,
    counts: Mapping[str, int],
    received_at: datetime,
) -> None:
    """Add verdicts to the sending they belong to; a new sending starts from nothing."""
    head = {
        "period_from": lot.period_from,
        "period_to": lot.period_to,
        "population": lot.population,
        "complete_to": lot.complete_to,
        "produced_on": lot.produced_on,
        "sending": sending,
        "received_at": received_at,
    }
    numbers = {name: counts.get(name, 0) for name in COUNTS}
    statement = insert(LOT).values(reporter=reporter, reference=lot.reference, **head, **numbers)
    new = statement.excluded
    same = LOT.c.sending == new.sending
    statement = statement.on_conflict_do_update(
        index_elements=["reporter", "reference"],
        set_={
            **{name: new[name] for name in head},
            **{name: case((same, LOT.c[name] + new[name]), else_=new[name]) for name in COUNTS},
            "sendings": LOT.c.sendings + case((same, 0), else_=1),
        },
    )
    await tx.execute(statement)
