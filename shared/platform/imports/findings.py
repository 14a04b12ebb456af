"""The error file: a line per finding, as a table for a spreadsheet or as NDJSON, in French or English."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row

from shared.platform.edge.registry import Explanation
from shared.platform.imports.views import message_of

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
MEDIA_TYPES: Final = (CSV, NDJSON)

_COLUMNS: Final = ("line", "status", "severity", "field", "code", "message", "expected")
_MARK: Final = "\ufeff"
"""With it a French spreadsheet takes the file for what it is: UTF-8, columns apart by semicolons."""


async def written(
    pages: AsyncIterator[Sequence[Row[Any]]],
    *,
    media_type: str,
    words: Mapping[str, Explanation],
    language: str,
) -> AsyncIterator[bytes]:
    """The file piece by piece; a column or member per fact, `line` counted from 1 as an editor does."""
    table = media_type == CSV
    if table:
        yield (_MARK + ";".join(_COLUMNS) + "\r\n").encode()
    async for rows in pages:
        records = [_record(row, words=words, language=language) for row in rows]
        yield "".join(_as_csv(one) if table else _as_json(one) for one in records).encode()


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


def _as_json(record: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in record.items() if value != ""}, ensure_ascii=False) + "\n"


def _as_csv(record: Mapping[str, Any]) -> str:
    return ";".join(_cell(str(record[name])) for name in _COLUMNS) + "\r\n"


def _cell(text: str) -> str:
    # A spreadsheet takes a text that begins so for a formula; none of ours is one.
    text = f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ';"\r\n') else text
