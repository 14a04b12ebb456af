"""How far each listener says it has heard this log: what all have passed may be archived, and need not go out again."""

from collections.abc import Mapping

from sqlalchemy import text

from shared.platform.database import Transaction

_KEEP = """
INSERT INTO {schema}.heard_position AS h (listener, partition, last_seq)
SELECT :listener, s.* FROM unnest(CAST(:partitions AS smallint[]), CAST(:seqs AS bigint[])) AS s
ORDER BY 2
ON CONFLICT (listener, partition) DO UPDATE SET last_seq = excluded.last_seq, reported_at = now()
"""


async def keep(tx: Transaction, positions: Mapping[int, int], *, listener: str, service: str) -> None:
    """Replace what a listener said before, partition by partition; a rebuilt one may have gone back."""
    if positions:
        await tx.execute(
            text(_KEEP.format(schema=service)),
            {"listener": listener, "partitions": list(positions), "seqs": list(positions.values())},
        )
