"""Keyset pages: one row more than asked for tells whether another part follows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection


async def read_page(
    reader: AsyncConnection, question: Select[Any], *, limit: int, key: str
) -> tuple[Sequence[Row[Any]], str | None]:
    """The first `limit` rows, and the key of the last one when others follow."""
    rows = (await reader.execute(question.limit(limit + 1))).all()
    kept = rows[:limit]
    following = str(getattr(kept[-1], key)) if len(rows) > limit else None
    return kept, following
