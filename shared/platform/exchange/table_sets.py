"""A second set of a service's tables in a schema of its own: made like the live ones, compared with them, swapped.

Indexes, constraints, storage, privileges and policies are taken from the catalogue, under the same names, so that
nobody can tell afterwards which set it was. What cannot be copied that way is refused beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform.exchange.projections import Projected


class Unfit(Exception):
    """The tables cannot be set beside the live ones as they are; the message says why."""


@dataclass(frozen=True)
class Difference:
    """How the live table and the one beside it compare."""

    table: str
    live: int
    beside: int
    only_live: int
    only_beside: int
    demanded: bool
    """Whether the two are meant to be equal."""

    @property
    def equal(self) -> bool:
        """Whether both hold the same rows."""
        return self.only_live == self.only_beside == 0


_ROOM = "SELECT CAST(to_regnamespace(:schema) AS text)"
_UNFIT = """
SELECT CASE WHEN c.relkind <> 'r' THEN 'is not a plain table'
    WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) THEN 'has a trigger'
    WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND c.oid IN (k.conrelid, k.confrelid))
        THEN 'has a foreign key'
    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL)
        THEN 'has privileges on a column' END
FROM pg_class c WHERE c.oid = to_regclass(:table)
"""
_OPTIONS = "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = to_regclass(:table)"
_CONSTRAINTS = """
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', CAST(:beside AS text), conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = to_regclass(:table) AND contype IN ('p', 'u', 'x') ORDER BY contype, conname
"""
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = to_regclass(:table) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
ORDER BY i.indexrelid
"""
_GRANTS = """
SELECT format('GRANT %s ON %s TO %I', string_agg(g.privilege_type, ', '), CAST(:beside AS text), r.rolname)
FROM pg_class c, aclexplode(c.relacl) g JOIN pg_roles r ON r.oid = g.grantee
WHERE c.oid = to_regclass(:table) AND g.grantee <> c.relowner GROUP BY r.rolname
"""
# A policy that names another table would go on naming the live one: it has to ask a function, which looks by name.
_POLICIES = """
SELECT unnest(ARRAY[format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', CAST(:beside AS text)),
    format('ALTER TABLE %s %s ROW LEVEL SECURITY', CAST(:beside AS text),
        CASE WHEN relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END)])
FROM pg_class WHERE oid = to_regclass(:table) AND relrowsecurity
UNION ALL
SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, CAST(:beside AS text),
    CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
        ELSE 'ALL' END,
    (SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE oid = ANY (polroles)),
    ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
FROM pg_policy WHERE polrelid = to_regclass(:table)
"""
_TABLES_OF = "SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY tablename"
_COLUMNS_OF = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped AND attname <> ALL(CAST(:ignored AS text[]))
"""
_DIGEST = "SELECT count(*) AS rows, coalesce(sum({hashed}), 0) AS digest FROM {table} WHERE {counted}"
_ONLY_IN = """
SELECT count(*) FROM (
    SELECT {columns} FROM {one} WHERE {counted} EXCEPT ALL SELECT {columns} FROM {other} WHERE {counted}
) AS only_there
"""


class TableSet:
    """Tables of a service, and where their second set and their former one are."""

    def __init__(self, service: str, tables: Sequence[Projected], *, plumbing: Sequence[str]) -> None:
        """`plumbing` names tables that are made beside the live ones and not swapped by this class."""
        self.live = service
        self.beside = f"{service}_next"
        self.before = f"{service}_before"
        self._tables = tables
        self._plumbing = plumbing

    async def make(self, connection: AsyncConnection) -> None:
        """Make the second set anew, empty. Raises Unfit."""
        if await _one(connection, _ROOM, schema=self.beside) is None:
            raise Unfit(f"there is no schema {self.beside}: run deploy/postgres/bootstrap.sql again")
        await self.forget(connection, self.beside)
        for name in (*(table.table for table in self._tables), *self._plumbing):
            reason = await _one(connection, _UNFIT, table=f"{self.live}.{name}")
            if reason is not None:
                raise Unfit(f"{name} {reason}")
            await self._make_one(connection, name)

    async def _make_one(self, connection: AsyncConnection, name: str) -> None:
        live, beside = f"{self.live}.{name}", f"{self.beside}.{name}"
        await connection.execute(text(f"CREATE TABLE {beside} (LIKE {live} INCLUDING ALL EXCLUDING INDEXES)"))
        options = await _one(connection, _OPTIONS, table=live)
        if options:
            await connection.execute(text(f"ALTER TABLE {beside} SET ({options})"))
        for statements in (_CONSTRAINTS, _INDEXES, _GRANTS, _POLICIES):
            values = {"table": live} | ({"beside": beside} if ":beside" in statements else {})
            for statement in (await connection.execute(text(statements), values)).scalars().all():
                # An index is described on the table it is of.
                there = statement.replace(f" ON {live} ", f" ON {beside} ", 1)
                await connection.exec_driver_sql(there)

    async def differences(self, connection: AsyncConnection) -> list[Difference]:
        """Both sets of each table that is swapped, without the columns that are ignored."""
        return [await self._difference(connection, table) for table in self._tables]

    async def _difference(self, connection: AsyncConnection, table: Projected) -> Difference:
        live = await self._digest(connection, table, schema=self.live)
        beside = await self._digest(connection, table, schema=self.beside)
        only_live = only_beside = 0
        if table.compared and live != beside:
            only_live = await self._only_in(connection, table, schemas=(self.live, self.beside))
            only_beside = await self._only_in(connection, table, schemas=(self.beside, self.live))
        return Difference(table.table, live.rows, beside.rows, only_live, only_beside, table.compared)

    async def _digest(self, connection: AsyncConnection, table: Projected, *, schema: str) -> Row[Any]:
        columns = await self._columns(connection, table)
        hashed = f"hashtextextended(CAST(ROW({columns}) AS text), 0)"
        query = _DIGEST.format(hashed=hashed, table=f"{schema}.{table.table}", counted=table.counted)
        return (await connection.execute(text(query))).one()

    async def _only_in(
        self, connection: AsyncConnection, table: Projected, *, schemas: tuple[str, str]
    ) -> int:
        columns = await self._columns(connection, table)
        one, other = (f"{schema}.{table.table}" for schema in schemas)
        query = _ONLY_IN.format(columns=columns, one=one, other=other, counted=table.counted)
        return int((await connection.execute(text(query))).scalar_one())

    async def _columns(self, connection: AsyncConnection, table: Projected) -> str:
        return str(
            await _one(
                connection, _COLUMNS_OF, table=f"{self.live}.{table.table}", ignored=list(table.ignored)
            )
        )

    async def lock(self, connection: AsyncConnection) -> None:
        """Keep everybody away from the live tables, all at once."""
        names = ", ".join(f"{self.live}.{table.table}" for table in self._tables)
        await connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))

    async def swap(self, connection: AsyncConnection) -> None:
        """Put the live tables away and the second set in their place."""
        for table in self._tables:
            for origin, target in ((self.live, self.before), (self.beside, self.live)):
                await connection.execute(text(f"ALTER TABLE {origin}.{table.table} SET SCHEMA {target}"))

    async def kept(self, connection: AsyncConnection) -> list[str]:
        """What is there of the set before the last swap."""
        return list((await connection.execute(text(_TABLES_OF), {"schema": self.before})).scalars())

    async def analyse(self, connection: AsyncConnection) -> None:
        """Let the planner know the second set before anybody asks it."""
        for table in self._tables:
            await connection.execute(text(f"ANALYZE {self.beside}.{table.table}"))

    async def forget(self, connection: AsyncConnection, schema: str) -> None:
        """Drop what is in the schema of the second or of the former set."""
        for name in (await connection.execute(text(_TABLES_OF), {"schema": schema})).scalars().all():
            await connection.execute(text(f"DROP TABLE {schema}.{name}"))


async def _one(connection: AsyncConnection, query: str, **values: Any) -> Any:
    return (await connection.execute(text(query), values)).scalar_one_or_none()
