"""Jobs as the workers see them: taken under a lease, advanced under a fence, ended once."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from shared.platform.database import Database, Transaction

LEASE: Final = 15.0
"""Seconds a worker may be silent before another one takes its job."""
STALE: Final = 3600.0
"""Seconds after which an upload that does not grow is given up."""

_TAKE: Final = """
UPDATE {schema}.import_job SET state = 'running', fence = fence + 1, worked_at = clock_timestamp(),
    leased_until = clock_timestamp() + make_interval(secs => :lease),
    lines_done = CASE WHEN dry_run THEN 0 ELSE lines_done END,
    counts = CASE WHEN dry_run THEN '{{}}' ELSE counts END,
    findings = CASE WHEN dry_run THEN 0 ELSE findings END
WHERE job_id = (
    SELECT job_id FROM {schema}.import_job
    WHERE state IN ('received', 'running') AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY worked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
_FORGET_FINDINGS: Final = "DELETE FROM {schema}.import_finding WHERE job_id = :job_id"
_HOLD: Final = """
UPDATE {schema}.import_job SET leased_until = clock_timestamp() + make_interval(secs => :lease)
WHERE job_id = :job_id AND fence = :fence AND state = 'running'
"""
_ADVANCE: Final = """
UPDATE {schema}.import_job SET lines_done = :lines_done, next_number = :next_number, next_offset = :next_offset,
    counts = CAST(:counts AS jsonb), findings = :findings, positions = :positions, worked_at = clock_timestamp()
WHERE job_id = :job_id
"""
_FIND: Final = """
INSERT INTO {schema}.import_finding (job_id, owner, line, number, status, warning, pointer, code, expected)
SELECT CAST(:job_id AS uuid), CAST(:owner AS text), * FROM unnest(
    CAST(:lines AS bigint[]), CAST(:numbers AS smallint[]), CAST(:statuses AS text[]), CAST(:warnings AS boolean[]),
    CAST(:pointers AS text[]), CAST(:codes AS text[]), CAST(:expected AS text[]))
"""
_RELEASE: Final = """
UPDATE {schema}.import_job SET leased_until = clock_timestamp() + make_interval(secs => :pause),
    worked_at = clock_timestamp()
WHERE job_id = :job_id AND fence = :fence AND state = 'running'
"""
_CHUNK: Final = "SELECT sealed FROM {schema}.import_chunk WHERE job_id = :job_id AND number = :number"
_STALE: Final = """
SELECT job_id FROM {schema}.import_job
WHERE state = 'receiving' AND worked_at < clock_timestamp() - make_interval(secs => :stale)
ORDER BY worked_at LIMIT 100 FOR UPDATE SKIP LOCKED
"""
_AGES: Final = """
SELECT state, extract(epoch FROM clock_timestamp() - min(created_at)) AS age FROM {schema}.import_job
WHERE state IN ('receiving', 'received', 'running') GROUP BY state
"""


@dataclass(frozen=True)
class Job:
    """A job that this worker holds, as it stood when it was taken."""

    job_id: UUID
    owner: str
    kind: str
    dry_run: bool
    caller: dict[str, Any]
    head: dict[str, Any]
    traceparent: str | None
    format: str
    delimiter: str | None
    columns: tuple[str, ...]
    wrapped_key: bytes
    bytes: int
    progress: "Progress"
    fence: int
    created_at: datetime


@dataclass
class Progress:
    """How far a job is: lines done, the place of the next one, verdicts counted, findings kept."""

    lines_done: int
    next_number: int
    next_offset: int
    counts: dict[str, int]
    findings: int
    positions: list[str]
    """Where its facts stand in the log: the last of each partition."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found about one line; nothing of what the line says."""

    line: int
    number: int
    status: str
    warning: bool
    pointer: str
    code: str
    expected: str | None


class Overtaken(Exception):
    """The job was cancelled, or belongs to another worker by now."""


async def take_job(database: Database) -> Job | None:
    """The job that was worked on longest ago, of those that nobody holds; a dry run begins anew."""
    schema = database.service
    async with database.transaction() as tx:
        row = (await tx.execute(text(_TAKE.format(schema=schema)), {"lease": LEASE})).one_or_none()
        if row is None:
            return None
        if row.dry_run:
            await tx.execute(text(_FORGET_FINDINGS.format(schema=schema)), {"job_id": row.job_id})
    return _job_of(row)


def _job_of(row: Row[Any]) -> Job:
    return Job(
        job_id=row.job_id,
        owner=row.owner,
        kind=row.kind,
        dry_run=row.dry_run,
        caller=row.caller,
        head=row.head,
        traceparent=row.traceparent,
        format=row.format,
        delimiter=row.delimiter,
        columns=tuple(row.columns or ()),
        wrapped_key=row.wrapped_key,
        bytes=row.bytes,
        progress=Progress(
            row.lines_done,
            row.next_number,
            row.next_offset,
            counts=dict(row.counts),
            findings=row.findings,
            positions=row.positions,
        ),
        fence=row.fence,
        created_at=row.created_at,
    )


async def hold(tx: Transaction, job: Job, *, schema: str) -> None:
    """Lock the job until the transaction ends and renew its lease. Raises Overtaken."""
    values = {"job_id": job.job_id, "fence": job.fence, "lease": LEASE}
    if not (await tx.execute(text(_HOLD.format(schema=schema)), values)).rowcount:
        raise Overtaken


async def advance(
    tx: Transaction, job: Job, *, schema: str, progress: Progress, findings: list[Finding]
) -> None:
    """Note what a batch came to; the job is held. Of a dry run the cursor stays: whoever takes it over begins anew."""
    values = vars(progress) | {"job_id": job.job_id, "counts": json.dumps(progress.counts)}
    if job.dry_run:
        values |= {"next_number": job.progress.next_number, "next_offset": job.progress.next_offset}
    await tx.execute(text(_ADVANCE.format(schema=schema)), values)
    if findings:
        rows = {
            "job_id": job.job_id,
            "owner": job.owner,
            "lines": [one.line for one in findings],
            "numbers": [one.number for one in findings],
            "statuses": [one.status for one in findings],
            "warnings": [one.warning for one in findings],
            "pointers": [one.pointer for one in findings],
            "codes": [one.code for one in findings],
            "expected": [one.expected for one in findings],
        }
        await tx.execute(text(_FIND.format(schema=schema)), rows)


async def release(database: Database, job: Job, *, pause: float = 0.0) -> None:
    """Let anybody go on with it, after a pause in seconds."""
    values = {"job_id": job.job_id, "fence": job.fence, "pause": pause}
    async with database.transaction() as tx:
        await tx.execute(text(_RELEASE.format(schema=database.service)), values)


async def chunk(database: Database, job: Job, *, number: int) -> bytes | None:
    """A sealed chunk of the job's file."""
    async with database.glance() as connection:
        values = {"job_id": job.job_id, "number": number}
        found: bytes | None = (
            await connection.execute(text(_CHUNK.format(schema=database.service)), values)
        ).scalar_one_or_none()
        return found


async def stale_uploads(tx: Transaction, *, schema: str) -> list[UUID]:
    """Uploads that were left, locked."""
    return list((await tx.execute(text(_STALE.format(schema=schema)), {"stale": STALE})).scalars())


async def ages(database: Database) -> dict[str, float]:
    """Seconds since the oldest job of each open state was opened."""
    async with database.glance() as connection:
        rows = await connection.execute(text(_AGES.format(schema=database.service)))
        return {row.state: float(row.age) for row in rows}
