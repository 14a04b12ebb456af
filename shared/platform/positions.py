"""How far a listener got, per source and partition, and what it set aside on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import text

from shared.events.envelope import Envelope
from shared.platform.database import Transaction
from shared.platform.metrics import PARKED

log = structlog.get_logger()


@dataclass(frozen=True)
class Held:
    """Last number applied of one partition, and the incarnation of the log it belongs to."""

    last_seq: int
    epoch: UUID | None


async def lock(tx: Transaction, *, source: str, partitions: Iterable[int]) -> dict[int, Held]:
    """Lock the position rows in partition order, making those that are missing."""
    wanted = sorted(partitions)
    values = {"source": source, "partitions": wanted}
    await tx.execute(
        text(
            "INSERT INTO intake_position (source, partition)"
            " SELECT :source, unnest(CAST(:partitions AS smallint[])) ON CONFLICT DO NOTHING"
        ),
        values,
    )
    rows = await tx.execute(
        text(
            "SELECT partition, last_seq, epoch FROM intake_position"
            " WHERE source = :source AND partition = ANY(CAST(:partitions AS smallint[]))"
            " ORDER BY partition FOR UPDATE"
        ),
        values,
    )
    return {row.partition: Held(row.last_seq, row.epoch) for row in rows}


async def advance(tx: Transaction, applied: Sequence[Envelope]) -> None:
    """Move the positions to the last of the applied events of each partition."""
    last = {envelope.partition: envelope for envelope in applied}
    await tx.execute(
        text(
            "UPDATE intake_position p SET last_seq = a.seq, epoch = a.epoch, moved_at = clock_timestamp()"
            " FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[]), CAST(:epochs AS uuid[]))"
            " AS a(partition, seq, epoch) WHERE p.source = :source AND p.partition = a.partition"
        ),
        {
            "source": applied[0].speaker,
            "partitions": list(last),
            "seqs": [envelope.sequence for envelope in last.values()],
            "epochs": [envelope.epoch for envelope in last.values()],
        },
    )


async def parked_aggregates(tx: Transaction, envelopes: Sequence[Envelope]) -> set[str]:
    """Aggregates of these events that have a parked event: what follows it parks behind it."""
    rows = await tx.execute(
        text(
            "SELECT DISTINCT aggregate_id FROM parked_event"
            " WHERE source = :source AND aggregate_id = ANY(CAST(:aggregates AS text[]))"
        ),
        {
            "source": envelopes[0].speaker,
            "aggregates": list({envelope.aggregate_id for envelope in envelopes}),
        },
    )
    return set(rows.scalars())


async def park(tx: Transaction, envelope: Envelope, *, listener: str, reason: str) -> None:
    """Set an event aside with the reason; a person drives it again, in order."""
    await tx.execute(
        text(
            "INSERT INTO parked_event (source, partition, seq, aggregate_id, type, envelope, reason)"
            " VALUES (:source, :partition, :seq, :aggregate, :type, CAST(:envelope AS json), :reason)"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "source": envelope.speaker,
            "partition": envelope.partition,
            "seq": envelope.sequence,
            "aggregate": envelope.aggregate_id,
            "type": envelope.type,
            "envelope": envelope.to_json(),
            "reason": reason,
        },
    )
    PARKED.labels(listener, envelope.speaker).inc()
    place = f"{envelope.speaker}/{envelope.partition:02d}/{envelope.sequence}"
    log.error("intake.parked", position=place, type=envelope.type, reason=reason)
