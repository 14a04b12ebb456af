"""What callers ask of their jobs: one, many, what was found."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.caller import Caller

_SEEN: Final = """
job_id, kind, dry_run, state, lines_total, lines_done, counts, findings, format, encoding, delimiter, bytes,
positions, created_at, finished_at, failure
"""
_MINE: Final = "client_id = :client_id AND owner = :owner"
_ONE: Final = "SELECT {seen} FROM {schema}.import_job WHERE job_id = :job_id AND {mine}"
_MANY: Final = """
SELECT {seen} FROM {schema}.import_job
WHERE {mine} AND (CAST(:after AS uuid) IS NULL OR (created_at, job_id) <
    (SELECT created_at, job_id FROM {schema}.import_job WHERE job_id = CAST(:after AS uuid) AND {mine}))
ORDER BY created_at DESC, job_id DESC LIMIT :limit
"""
_FINDINGS: Final = """
SELECT line, number, status, warning, pointer, code, expected FROM {schema}.import_finding
WHERE job_id = :job_id AND (line, number) > (:line, :number) ORDER BY line, number LIMIT :limit
"""


async def one_job(
    connection: AsyncConnection, job_id: UUID, *, owner: str, caller: Caller, schema: str
) -> Row[Any]:
    """A job of this client for this owner. Raises NotFound, also on somebody else's."""
    names = {"job_id": job_id, "owner": owner, "client_id": caller.client_id}
    found = (await connection.execute(_about_jobs(_ONE, schema), names)).one_or_none()
    if found is None:
        raise NotFound(UNKNOWN)
    return found


async def many_jobs(
    connection: AsyncConnection, *, owner: str, caller: Caller, schema: str, after: UUID | None, limit: int
) -> list[Row[Any]]:
    """Jobs of this client for this owner, the newest first."""
    names = {"owner": owner, "client_id": caller.client_id, "after": after, "limit": limit}
    return list((await connection.execute(_about_jobs(_MANY, schema), names)).all())


async def findings(
    connection: AsyncConnection, job_id: UUID, *, schema: str, after: tuple[int, int], limit: int
) -> list[Row[Any]]:
    """What was found about a job's lines, in the order of the file, after a line and number."""
    names = {"job_id": job_id, "line": after[0], "number": after[1], "limit": limit}
    return list((await connection.execute(text(_FINDINGS.format(schema=schema)), names)).all())


def _about_jobs(statement: str, schema: str) -> TextClause:
    return text(statement.format(schema=schema, seen=_SEEN, mine=_MINE))
