"""The decision log and its head."""

from collections.abc import Collection, Sequence

from sqlalchemy import ARRAY, RowMapping, Text, any_, bindparam, select, update

from services.labelling.domain.decisions import Decision, Head, Link, Outcome, Reason
from services.labelling.tables import DECISION, DECISION_HEAD
from shared.platform.database import Transaction
from shared.platform.rows import insert_rows


async def load_decisions(tx: Transaction, references: Collection[str]) -> dict[str, Decision]:
    """Decisions by reference."""
    wanted = bindparam("references", sorted(references), type_=ARRAY(Text))
    rows = (await tx.execute(select(DECISION).where(DECISION.c.reference == any_(wanted)))).mappings()
    return {row["reference"]: link_of(row).decision for row in rows}


async def hold_head(tx: Transaction) -> Head:
    """The end of the chain, held so that decisions come one after the other."""
    row = (await tx.execute(select(DECISION_HEAD).with_for_update())).one()
    return Head(row.number, row.hash)


async def append(tx: Transaction, links: Sequence[Link]) -> None:
    """Add links to the log and move its head; the head is held."""
    await tx.execute(insert_rows(DECISION, [_row(link) for link in links]))
    await tx.execute(update(DECISION_HEAD).values(number=links[-1].number, hash=links[-1].hash))


def link_of(row: RowMapping) -> Link:
    """The link of a row."""
    decision = Decision(
        reference=row["reference"],
        holder=row["siren"],
        application=row["application"],
        outcome=Outcome(row["outcome"]),
        decided_on=row["decided_on"],
        committee=row["committee"],
        reasons=tuple(Reason(**reason) for reason in row["reasons"]),
    )
    return Link(
        number=row["number"],
        decision=decision,
        criteria_set=row["criteria_set"],
        content_digest=row["content_digest"],
        previous_hash=row["previous_hash"],
        hash=row["hash"],
    )


def _row(link: Link) -> dict[str, object]:
    decision = link.decision
    return {
        "number": link.number,
        "reference": decision.reference,
        "siren": decision.holder,
        "application": decision.application,
        "outcome": decision.outcome.value,
        "decided_on": decision.decided_on,
        "committee": decision.committee,
        "reasons": [{"code": reason.code, "text": reason.text} for reason in decision.reasons],
        "criteria_set": link.criteria_set,
        "content_digest": link.content_digest,
        "previous_hash": link.previous_hash,
        "hash": link.hash,
    }
