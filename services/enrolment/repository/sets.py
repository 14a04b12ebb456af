"""Many rows at once: found by arrays, and written so that a row made by somebody else meanwhile is noticed."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, any_, bindparam, update
from sqlalchemy.dialects.postgresql import ARRAY

from shared.kernel.errors import Unavailable
from shared.platform.database import Transaction
from shared.platform.edge.problems import BUSY
from shared.platform.rows import Row, insert_rows, unnested


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column is one of the values, which travel as one array: one plan whatever their number."""
    given = bindparam(None, sorted(values), type_=ARRAY(column.type), unique=True)
    return column == any_(given)


async def add_rows(tx: Transaction, table: Table, *, rows: Sequence[Row]) -> None:
    """Insert new rows. Raises Unavailable when a concurrent call has just made one of them: the retry will see it."""
    if not rows:
        return
    (key,) = table.primary_key.columns
    added = await tx.execute(insert_rows(table, rows).on_conflict_do_nothing().returning(key))
    if len(added.all()) != len(rows):
        raise Unavailable(BUSY)


async def update_rows(tx: Transaction, table: Table, *, rows: Sequence[Row]) -> None:
    """Replace columns of rows that are locked by this transaction, found by their primary key."""
    if not rows:
        return
    (key,) = table.primary_key.columns
    given = unnested({name: table.c[name].type for name in rows[0]}, rows)
    values = {name: given.c[name] for name in rows[0] if name != key.name}
    await tx.execute(update(table).values(values).where(key == given.c[key.name]))
