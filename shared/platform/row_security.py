"""Policies of tables as migrations make them: the owner and the worker see all rows, the API's role what it may.

FORCE binds the owner too: who sees a table and who does not is written in its policies and nowhere else.
Source: PostgreSQL, "Row Security Policies"; the words that they go by are said by `shared.platform.sight`.
"""

from dataclasses import dataclass
from typing import Final

from alembic import op

ANYBODY: Final = "true"
REACHES_ALL: Final = "(SELECT current_setting('tremplin.reach', true)) = 'all'"
IS_REPORTER: Final = "(SELECT current_setting('tremplin.reach', true)) = 'reporter'"
# Each in a query of its own: asked once for a statement, not once for a row.
OWN_CLIENT: Final = "client_id = (SELECT current_setting('tremplin.client', true))"
_TENANTS: Final = "CAST((SELECT string_to_array(current_setting('tremplin.tenants', true), ',')) AS text[])"
_REPORTER: Final = "(SELECT current_setting('tremplin.reporter', true))"


def of_tenant(column: str) -> str:
    """Rows of an organisation that the caller is or acts for."""
    return f"{column} = ANY ({_TENANTS})"


def of_sender(column: str) -> str:
    """Rows of whoever sends under this name: an organisation under its SIREN, a reporter under its own."""
    return f"({of_tenant(column)} OR {column} = {_REPORTER})"


@dataclass(frozen=True)
class Policy:
    """Which rows the API's role sees, and which it may write; those it may write it sees as well."""

    sees: str
    writes: str


def tenant_policy(column: str) -> Policy:
    """Rows of an organisation, for those who act for it and for the scheme's own clients."""
    rows = f"{REACHES_ALL} OR {of_tenant(column)}"
    return Policy(rows, rows)


def protect(schema: str, table: str, policy: Policy) -> None:  # noqa: PLR0917 - which table of which schema, and how
    """Bind a table's rows: nobody sees one without a policy that says so."""
    name = f"{schema}.{table}"
    for statement in (
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY owner ON {name} TO {schema}_owner USING (true)",
        f"CREATE POLICY worker ON {name} TO {schema}_worker USING (true)",
        f"CREATE POLICY api_sees ON {name} FOR SELECT TO {schema}_api USING ({policy.sees})",
        f"CREATE POLICY api_writes ON {name} TO {schema}_api USING ({policy.writes})",
    ):
        op.execute(statement)


def expose(schema: str, table: str) -> None:
    """Undo `protect`."""
    name = f"{schema}.{table}"
    for policy in ("owner", "worker", "api_sees", "api_writes"):
        op.execute(f"DROP POLICY {policy} ON {name}")
    op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")


OF_THE_PLATFORM_V1: Final = {
    "journal": Policy(f"{REACHES_ALL} OR {OWN_CLIENT}", OWN_CLIENT),
    "idempotency_key": Policy(OWN_CLIENT, OWN_CLIENT),
}
OF_IMPORTS_V1: Final = {
    "import_job": Policy(OWN_CLIENT, OWN_CLIENT),
    "import_chunk": Policy(of_sender("owner"), of_sender("owner")),
    "import_finding": Policy(of_sender("owner"), of_sender("owner")),
}
