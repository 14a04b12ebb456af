"""The error file: a line per finding, as a table for a spreadsheet or as NDJSON, in French or English."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row

from shared.platform.edge.csv_text import MARK, table
from shared.platform.edge.registry import Explanation
from shared.platform.edge.streams import CSV, NDJSON
from shared.platform.imports.views import message_of

MEDIA_TYPES: Final = (CSV, NDJSON)

_COLUMNS: Final = ("line", "status", "severity", "field", "code", "message", "expected")


async def written(
    pages: AsyncIterator[Sequence[Row[Any]]],
    *,
    media_type: str,
    words: Mapping[str, Explanation],
    language: str,
) -> AsyncIterator[bytes]:
    """The file piece by piece; a column or member per fact, `line` counted from 1 as an editor does."""
    if media_type == CSV:
        yield (MARK + table([_COLUMNS])).encode()
    async for rows in pages:
        records = [_record(row, words=words, language=language) for row in rows]
        lines = table([list(one.values()) for one in records]) if media_type == CSV else _as_json(records)
        yield lines.encode()


def _record(row: Row[Any], *, words: Mapping[str, Explanation], language: str) -> dict[str, Any]:
    return {
        "line": row.line,
        "status": row.status,
        "severity": "warning" if row.warning else "error",
        "field": row.pointer,
        "code": row.code,
        "message": message_of(row.code, words=words, language=language),
        "expected": row.expected or "",
    }


def _as_json(records: Sequence[Mapping[str, Any]]) -> str:
    kept = [{key: value for key, value in one.items() if value != ""} for one in records]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in kept)
