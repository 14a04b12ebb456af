"""What an upload does to its job: opens it, adds sealed chunks, hands it over to the worker, or breaks it off."""

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from shared.kernel.errors import Conflict, DomainError
from shared.platform.caller import Caller
from shared.platform.database import Database, Transaction
from shared.platform.edge.problems import ProblemError
from shared.platform.imports.rules import IMPORT_RUNNING, UPLOAD_CUT
from shared.platform.imports.sealing import CHUNK, Seal

_OPEN: Final = """
INSERT INTO {schema}.import_job (job_id, owner, client_id, kind, dry_run, state, caller, head, traceparent, format,
    wrapped_key, bytes, lines_done, next_number, next_offset, counts, findings, fence)
VALUES (:job_id, :owner, :client_id, :kind, :dry_run, 'receiving', CAST(:caller AS jsonb), CAST(:head AS jsonb),
    :traceparent, :format, :wrapped_key, 0, 0, 1, 0, '{{}}', 0, 0)
ON CONFLICT (client_id, kind) WHERE state IN ('receiving', 'received', 'running') DO NOTHING
"""
_RUNNING: Final = """
SELECT job_id, owner FROM {schema}.import_job
WHERE client_id = :client_id AND kind = :kind AND state IN ('receiving', 'received', 'running')
"""
_GROW: Final = """
UPDATE {schema}.import_job SET bytes = bytes + :bytes, worked_at = clock_timestamp()
WHERE job_id = :job_id AND state = 'receiving'
"""
_ADD: Final = """
INSERT INTO {schema}.import_chunk (job_id, number, owner, sealed) VALUES (:job_id, :number, :owner, :sealed)
"""
_HAND_OVER: Final = """
UPDATE {schema}.import_job SET state = 'received', lines_total = :lines, encoding = :encoding, delimiter = :delimiter,
    columns = CAST(:columns AS jsonb), next_number = :next_number, next_offset = :next_offset,
    worked_at = clock_timestamp()
WHERE job_id = :job_id AND state = 'receiving'
"""
_END: Final = """
UPDATE {schema}.import_job SET state = :state, failure = CAST(:failure AS jsonb), wrapped_key = NULL,
    leased_until = NULL, finished_at = clock_timestamp()
WHERE job_id = :job_id AND state IN ('receiving', 'received', 'running')
"""
_DESTROY: Final = "DELETE FROM {schema}.import_chunk WHERE job_id = :job_id"


@dataclass(frozen=True)
class NewJob:
    """A job as its caller asks for it."""

    job_id: UUID
    owner: str
    caller: Caller
    kind: str
    dry_run: bool
    head: dict[str, Any]
    format: str


@dataclass(frozen=True)
class Shape:
    """What an upload found out about its file."""

    lines: int
    encoding: str
    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    next_number: int = 1
    next_offset: int = 0


async def open_job(
    tx: Transaction, job: NewJob, *, schema: str, wrapped_key: bytes, traceparent: str | None
) -> Row[Any] | None:
    """Open it; or give `job_id` and `owner` of the job that holds the client's place for this kind.

    Raises ProblemError 409 when that one has just ended.
    """
    values = {
        "job_id": job.job_id,
        "owner": job.owner,
        "client_id": job.caller.client_id,
        "kind": job.kind,
        "dry_run": job.dry_run,
        "caller": json.dumps(words_of(job.caller)),
        "head": json.dumps(job.head),
        "format": job.format,
        "wrapped_key": wrapped_key,
        "traceparent": traceparent,
    }
    if (await tx.execute(text(_OPEN.format(schema=schema)), values)).rowcount:
        return None
    names = {"client_id": job.caller.client_id, "kind": job.kind}
    found = (await tx.execute(text(_RUNNING.format(schema=schema)), names)).one_or_none()
    if found is None:
        raise ProblemError(409, IMPORT_RUNNING, headers={"Retry-After": "1"})
    return found


def words_of(caller: Caller) -> dict[str, Any]:
    """A caller as it is kept with its job; its mandates are looked up again when the file is worked on."""
    return {
        "client_id": caller.client_id,
        "scopes": sorted(caller.scopes),
        "org": caller.org,
        "reporter": caller.reporter,
    }


def caller_of(words: dict[str, Any]) -> Caller:
    """A caller as it was, without its mandates."""
    return Caller(
        client_id=words["client_id"],
        scopes=frozenset(words["scopes"]),
        org=words["org"],
        reporter=words["reporter"],
    )


class SealedFile:
    """The file of a job while it grows: chunks of equal size, each in a short transaction of its own."""

    def __init__(self, database: Database, job: NewJob, *, seal: Seal) -> None:
        self._database = database
        self._job = job
        self._seal = seal
        self._number = 0
        self._held = bytearray()

    async def write(self, data: bytes) -> None:
        """Add bytes. Raises ProblemError 409 when the job was cancelled meanwhile."""
        self._held += data
        while len(self._held) >= CHUNK:
            await self._keep(bytes(self._held[:CHUNK]))
            del self._held[:CHUNK]

    async def close(self, shape: Shape) -> None:
        """Store the rest and hand the job over. Raises as `write`."""
        if self._held:
            await self._keep(bytes(self._held))
            self._held.clear()
        values = vars(shape) | {
            "columns": json.dumps(shape.columns) if shape.columns else None,
            "job_id": self._job.job_id,
        }
        async with self._database.transaction() as tx:
            await self._must_be_open(tx, _HAND_OVER, values)

    async def give_up(self, failure: dict[str, Any]) -> None:
        """End the job, and destroy what was stored."""
        async with self._database.transaction() as tx:
            await end_job(
                tx, self._job.job_id, schema=self._database.service, state="failed", failure=failure
            )

    async def _keep(self, plain: bytes) -> None:
        names = {"job_id": self._job.job_id}
        sealed = self._seal.close(self._number, plain)
        async with self._database.transaction() as tx:
            await self._must_be_open(tx, _GROW, names | {"bytes": len(plain)})
            row = names | {"number": self._number, "owner": self._job.owner, "sealed": sealed}
            await tx.execute(text(_ADD.format(schema=self._database.service)), row)
        self._number += 1

    async def _must_be_open(self, tx: Transaction, statement: str, values: dict[str, Any]) -> None:  # noqa: PLR0917 - a statement and what it is given
        done = await tx.execute(text(statement.format(schema=self._database.service)), values)
        if not done.rowcount:
            raise Conflict(UPLOAD_CUT)


async def end_job(
    tx: Transaction, job_id: UUID, *, schema: str, state: str, failure: dict[str, Any] | None = None
) -> None:
    """End a job that has not ended, and destroy its file: the key first of all."""
    values = {"job_id": job_id, "state": state, "failure": json.dumps(failure) if failure else None}
    await tx.execute(text(_END.format(schema=schema)), values)
    await tx.execute(text(_DESTROY.format(schema=schema)), {"job_id": job_id})


def failure_of(error: DomainError | ProblemError) -> dict[str, Any]:
    """Why a job failed, as it is kept: codes and places, no text of the file."""
    return {
        "code": error.rule.code,
        "errors": [
            {"pointer": one.pointer, "code": one.rule.code, "expected": one.expected}
            for one in error.violations
        ],
    }
