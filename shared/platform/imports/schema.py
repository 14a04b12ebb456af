"""The tables of imports as migrations make them; a change is a new function, these stay as they were."""

from alembic import op

_TABLES = """
CREATE TABLE {s}.import_job (
    job_id uuid NOT NULL, owner text NOT NULL, client_id text NOT NULL, kind text NOT NULL,
    dry_run boolean NOT NULL, state text NOT NULL, caller jsonb NOT NULL, head jsonb NOT NULL, traceparent text,
    format text NOT NULL, encoding text, delimiter text, columns jsonb, wrapped_key bytea, bytes bigint NOT NULL,
    lines_total bigint, lines_done bigint NOT NULL, next_number bigint NOT NULL, next_offset bigint NOT NULL,
    counts jsonb NOT NULL, findings integer NOT NULL, failure jsonb, fence bigint NOT NULL,
    leased_until timestamptz, worked_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz,
    CONSTRAINT pk_import_job PRIMARY KEY (job_id),
    CONSTRAINT ck_import_job_state
        CHECK (state IN ('receiving', 'received', 'running', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT ck_import_job_key_destroyed
        CHECK ((wrapped_key IS NULL) = (state IN ('succeeded', 'failed', 'cancelled')))
) WITH (fillfactor = 50);
CREATE INDEX ix_import_job_own ON {s}.import_job (client_id, owner, created_at, job_id);
CREATE UNIQUE INDEX uq_import_job_open ON {s}.import_job (client_id, kind)
    WHERE state IN ('receiving', 'received', 'running');
CREATE INDEX ix_import_job_waiting ON {s}.import_job (worked_at)
    WHERE state IN ('receiving', 'received', 'running');
CREATE INDEX ix_import_job_finished_at ON {s}.import_job (finished_at);
CREATE TABLE {s}.import_chunk (
    job_id uuid NOT NULL, number integer NOT NULL, owner text NOT NULL, sealed bytea NOT NULL,
    CONSTRAINT pk_import_chunk PRIMARY KEY (job_id, number),
    CONSTRAINT fk_import_chunk_job_id_import_job
        FOREIGN KEY (job_id) REFERENCES {s}.import_job (job_id) ON DELETE CASCADE);
ALTER TABLE {s}.import_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE TABLE {s}.import_finding (
    job_id uuid NOT NULL, line bigint NOT NULL, number smallint NOT NULL, owner text NOT NULL,
    status text NOT NULL, warning boolean NOT NULL, pointer text NOT NULL, code text NOT NULL, expected text,
    CONSTRAINT pk_import_finding PRIMARY KEY (job_id, line, number),
    CONSTRAINT fk_import_finding_job_id_import_job
        FOREIGN KEY (job_id) REFERENCES {s}.import_job (job_id) ON DELETE CASCADE);
REVOKE DELETE, TRUNCATE ON {s}.import_job FROM {s}_api;
REVOKE INSERT, TRUNCATE ON {s}.import_job FROM {s}_worker;
REVOKE UPDATE, TRUNCATE ON {s}.import_chunk FROM {s}_api;
REVOKE INSERT, UPDATE, TRUNCATE ON {s}.import_chunk FROM {s}_worker;
REVOKE UPDATE, DELETE, TRUNCATE ON {s}.import_finding FROM {s}_api;
REVOKE INSERT, UPDATE, TRUNCATE ON {s}.import_finding FROM {s}_worker;
"""


def create_v1(service: str) -> None:
    """Make jobs, chunks and findings in a service's schema."""
    for statement in _TABLES.format(s=service).split(";\n"):
        if statement.strip():
            op.execute(statement)


def create_v2(service: str) -> None:
    """Add how far the facts of a job reach in the log."""
    op.execute(f"ALTER TABLE {service}.import_job ADD COLUMN positions text[] NOT NULL DEFAULT '{{}}'")


def drop_v2(service: str) -> None:
    """Undo `create_v2`."""
    op.execute(f"ALTER TABLE {service}.import_job DROP COLUMN positions")


def drop_v1(service: str) -> None:
    """Undo `create_v1`."""
    for table in ("import_finding", "import_chunk", "import_job"):
        op.execute(f"DROP TABLE {service}.{table}")
