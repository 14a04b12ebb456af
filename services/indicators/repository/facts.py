"""Facts kept by version: a newer state replaces the older one, which goes to the history in the same statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Interval,
    Select,
    Subquery,
    Table,
    Update,
    func,
    insert,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

Row = Mapping[str, Any]
AnySelect = Select[Any]


def newest(rows: Sequence[Row], *, key: str, version: str) -> list[Row]:
    """The newest of several states of one thing: within one batch nobody could have known the others."""
    latest: dict[Any, Row] = {}
    for row in rows:
        held = latest.get(row[key])
        if held is None or held[version] < row[version]:
            latest[row[key]] = row
    return list(latest.values())


def replaced(table: Table, rows: AnySelect, *, version: str) -> CTE:
    """Facts that the rows replace or add, as they were (`old_*`, null when new) and as they are (`new_*`).

    A state of the same or an older version than the one held changes nothing. The rows are taken in the order
    they come, which has to be that of the key: two batches then lock facts in the same order. Each has its
    `known_from`: empty for what is heard for the first time, which is known from now on.
    """
    names = [column.name for column in rows.selected_columns]
    statement = upsert(table).from_select(names, rows)
    key = table.primary_key.columns[0].name
    given = {name: statement.excluded[name] for name in names if name != key}
    return _returning_both(
        table,
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={**given, "known_from": later(table, statement.excluded.known_from)},
            where=table.c[version] < statement.excluded[version],
        ),
    )


def altered(table: Table, statement: Update, *, at: ColumnElement[datetime]) -> CTE:
    """The same of facts that an UPDATE alters, known from an instant of each row."""
    return _returning_both(table, statement.values(known_from=later(table, at)))


def dated(said: FromClause) -> list[ColumnElement[Any]]:
    """What was said, with the instant from which it is known: now, unless it is heard again."""
    return [
        func.coalesce(column, func.statement_timestamp()).label("known_from")
        if column.name == "known_from"
        else column
        for column in said.c
    ]


def state(changed: CTE, table: Table, *, which: str) -> Subquery:
    """The facts before (`old`) or after (`new`) a change, as a relation with the columns of their table."""
    key = table.primary_key.columns[0].name
    columns = [changed.c[f"{which}_{column.name}"].label(column.name) for column in table.c]
    return select(*columns).where(changed.c[f"{which}_{key}"].is_not(None)).subquery(which)


def kept(changed: CTE, table: Table, *, history: Table) -> CTE:
    """Keep the states that were replaced, closed at the instant from which the new ones are known."""
    key = table.primary_key.columns[0].name
    columns = [changed.c[f"old_{column.name}"] for column in table.c]
    closed = select(*columns, changed.c.new_known_from).where(changed.c[f"old_{key}"].is_not(None))
    return insert(history).from_select([*(column.name for column in table.c), "known_to"], closed).cte("kept")


def known(table: Table, *, history: Table, at: datetime | None) -> Subquery:
    """The facts as they were known at an instant, or as they are known now."""
    columns = list(table.c)
    if at is None:
        return select(*columns).subquery("known")
    still = select(*columns).where(table.c.known_from <= at)
    once: CompoundSelect[Any] = union_all(
        still,
        select(*(history.c[column.name] for column in columns)).where(
            history.c.known_from <= at, history.c.known_to > at
        ),
    )
    return once.subquery("known")


def later(table: Table, at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """That instant, or one after the one from which the held state is known, whichever transaction began first."""
    tick = literal(timedelta(microseconds=1), Interval)
    return func.greatest(at, table.c.known_from + tick)


def _returning_both(table: Table, statement: Insert | Update) -> CTE:
    both = [
        literal_column(f"{which}.{column.name}", column.type).label(f"{which}_{column.name}")
        for which in ("old", "new")
        for column in table.c
    ]
    return statement.returning(*both).cte("changed")
