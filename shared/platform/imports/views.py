"""Jobs as their callers see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row

from shared.platform.edge.fields import View
from shared.platform.edge.registry import Explanation

State = Literal["receiving", "received", "running", "succeeded", "failed", "cancelled"]


class ImportFile(View):
    """How the file was read."""

    format: Literal["ndjson", "csv"]
    encoding: str | None
    delimiter: str | None
    bytes: int = Field(description="As it was kept: in UTF-8.")


class ImportLinks(View):
    """Where to go on; `errors` has a line per finding."""

    self: str
    errors: str


class ImportView(View):
    """An import, and how far it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5f1c2f0e-2f0b-4f0e-9b76-3a2f8a2d6f10",
                "kind": "enrolments",
                "dry_run": False,
                "state": "running",
                "progress": 0.5,
                "lines_total": 3000,
                "lines_done": 1500,
                "counts": {"created": 1480, "rejected": 20},
                "findings": 22,
                "file": {"format": "ndjson", "encoding": "utf-8", "delimiter": None, "bytes": 1234567},
                "created_at": "2016-10-12T09:30:00Z",
                "finished_at": None,
                "problem": None,
                "links": {"self": "/v1/imports/5f1c", "errors": "/v1/imports/5f1c/errors"},
            }
        }
    )

    id: UUID
    kind: str
    dry_run: bool
    state: State
    progress: float = Field(ge=0, le=1)
    lines_total: int | None
    lines_done: int
    counts: dict[str, int] = Field(description="Lines by verdict, as in a bulk call.")
    findings: int = Field(description="Refusals and warnings that the error file holds, 100,000 at most.")
    file: ImportFile
    created_at: datetime
    finished_at: datetime | None
    problem: dict[str, Any] | None = Field(description="Why the whole import failed.")
    links: ImportLinks


class ImportPage(View):
    """One's imports, the newest first."""

    items: list[ImportView]
    next: str | None = Field(description="Give it as `after` for the next page; empty on the last.")


def view_of(
    row: Row[Any], *, links: ImportLinks, words: Mapping[str, Explanation], language: str
) -> ImportView:
    """A row of `import_job`, with its addresses."""
    total = row.lines_total
    return ImportView(
        id=row.job_id,
        kind=row.kind,
        dry_run=row.dry_run,
        state=row.state,
        progress=1.0 if row.state == "succeeded" else round(row.lines_done / total, 3) if total else 0.0,
        lines_total=total,
        lines_done=row.lines_done,
        counts=row.counts,
        findings=row.findings,
        file=ImportFile(format=row.format, encoding=row.encoding, delimiter=row.delimiter, bytes=row.bytes),
        created_at=row.created_at,
        finished_at=row.finished_at,
        problem=_problem(row.failure, words=words, language=language),
        links=links,
    )


def message_of(code: str, *, words: Mapping[str, Explanation], language: str) -> str:
    """The sentence of a code; of one that a later release does not know any more, the code."""
    return words[code].title[language] if code in words else code


def _problem(
    failure: Mapping[str, Any] | None, *, words: Mapping[str, Explanation], language: str
) -> dict[str, Any] | None:
    if failure is None:
        return None
    code = failure["code"]
    errors = [
        {key: value for key, value in error.items() if value is not None}
        | {"message": message_of(error["code"], words=words, language=language)}
        for error in failure["errors"]
    ]
    return {
        "type": f"/problems/{code}",
        "title": message_of(code, words=words, language=language),
        "code": code,
        "errors": errors,
    }
