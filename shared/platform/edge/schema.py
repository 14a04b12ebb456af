"""The tables of the edge as migrations make them; a change is a new function, these stay as they were."""

from alembic import op

_IDEMPOTENCY = """
CREATE TABLE {s}.idempotency_key (
    client_id text NOT NULL, route text NOT NULL, key text NOT NULL, part smallint NOT NULL,
    fingerprint bytea NOT NULL, results json NOT NULL, positions text[] NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_key PRIMARY KEY (client_id, route, key, part));
CREATE INDEX ix_idempotency_key_kept_at ON {s}.idempotency_key (kept_at);
REVOKE UPDATE, DELETE, TRUNCATE ON {s}.idempotency_key FROM {s}_api;
REVOKE INSERT, UPDATE, TRUNCATE ON {s}.idempotency_key FROM {s}_worker;
"""


def create_v1(service: str) -> None:
    """Make the keys of safe retries in a service's schema."""
    for statement in _IDEMPOTENCY.format(s=service).split(";\n"):
        if statement.strip():
            op.execute(statement)


def drop_v1(service: str) -> None:
    """Undo `create_v1`."""
    op.execute(f"DROP TABLE {service}.idempotency_key")
