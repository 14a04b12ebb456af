"""Set-based writing: many rows in one statement, through arrays, with one plan whatever their number."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, Table, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.sql.type_api import TypeEngine

Row = Mapping[str, Any]


def unnested(
    columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Row], *, name: str = "given"
) -> FromClause:
    """The rows as a relation, `unnest(array, array, ...) AS name(column, ...)`.

    `columns` gives the type of each column; a row lacks no column. Columns of array type cannot travel
    this way (unnest flattens them): keep lists in jsonb.
    """
    # One dimension, said aloud: a list that is a jsonb value would else be taken for a second one.
    arrays = [
        bindparam(f"{name}_{key}", [row[key] for row in rows], type_=ARRAY(kind, dimensions=1), unique=True)
        for key, kind in columns.items()
    ]
    relation = func.unnest(*arrays).table_valued(*(column(key, kind) for key, kind in columns.items()))
    return cast("FromClause", relation.render_derived(name=name))


def insert_rows(table: Table, rows: Sequence[Row]) -> Insert:
    """`INSERT ... SELECT FROM unnest` of rows that all have the same keys."""
    columns = {key: table.c[key].type for key in rows[0]}
    given = unnested(columns, rows)
    return insert(table).from_select(list(columns), select(*(given.c[key] for key in columns)))


def upsert_rows(
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    keep: Sequence[str] = (),
    only_if: ColumnElement[bool] | None = None,
) -> Insert:
    """`insert_rows` that replaces a row of the same `key`, but for the columns to `keep`.

    `only_if` guards the replacement, e.g. by version; `insert(table).excluded` names the new row in it.
    """
    statement = insert_rows(table, rows)
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in key and name not in keep}
    if not replaced:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    return statement.on_conflict_do_update(index_elements=list(key), set_=replaced, where=only_if)
