"""Rows given to a statement as arrays, so that it is built once and planned alike whatever their number."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import FromClause, Subquery, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.type_api import TypeEngine

Row = Mapping[str, Any]


def given(columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
    """`unnest` of one array per column; the arrays come with `given_rows` when the statement runs."""
    # One dimension: a jsonb list is one value of its column, not a row of a matrix.
    arrays = [bindparam(f"given_{name}", type_=ARRAY(kind, dimensions=1)) for name, kind in columns.items()]
    relation: FromClause = (
        func.unnest(*arrays)
        .table_valued(*(column(name, kind) for name, kind in columns.items()))
        .render_derived(name="arrays")
    )
    return select(relation).subquery("given")


def given_rows(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The parameters of a statement over `given` columns; every row has the same keys."""
    return {f"given_{name}": [row[name] for row in rows] for name in rows[0]}
