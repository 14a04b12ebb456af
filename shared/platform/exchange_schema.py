"""The exchange tables as migrations make them; a change is a new function, these stay as they were."""

from alembic import op

_TABLES = """
CREATE TABLE {s}.event_log (
    partition smallint NOT NULL, seq bigint NOT NULL,
    event_id uuid NOT NULL DEFAULT uuidv7(), type text NOT NULL,
    aggregate_id text NOT NULL, aggregate_version bigint NOT NULL,
    data json NOT NULL, traceparent text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_event_log PRIMARY KEY (partition, seq));
CREATE TABLE {s}.event_counter (
    partition smallint NOT NULL, last_seq bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_event_counter PRIMARY KEY (partition)) WITH (fillfactor = 50);
CREATE TABLE {s}.log_epoch (epoch uuid NOT NULL, CONSTRAINT pk_log_epoch PRIMARY KEY (epoch));
CREATE TABLE {s}.relay_cursor (
    partition smallint NOT NULL, published_through bigint NOT NULL DEFAULT 0,
    owner uuid, leased_until timestamptz, fence bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_relay_cursor PRIMARY KEY (partition)) WITH (fillfactor = 50);
CREATE TABLE {s}.intake_position (
    source text NOT NULL, partition smallint NOT NULL, epoch uuid,
    last_seq bigint NOT NULL DEFAULT 0, moved_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_intake_position PRIMARY KEY (source, partition)) WITH (fillfactor = 50);
CREATE TABLE {s}.parked_event (
    source text NOT NULL, partition smallint NOT NULL, seq bigint NOT NULL,
    aggregate_id text NOT NULL, type text NOT NULL, envelope json NOT NULL,
    reason text NOT NULL, parked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_parked_event PRIMARY KEY (source, partition, seq));
CREATE INDEX ix_parked_event_source_aggregate_id ON {s}.parked_event (source, aggregate_id);
CREATE TABLE {s}.journal (
    entry bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT now(),
    client_id text NOT NULL, action text NOT NULL, purpose text,
    detail jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    CONSTRAINT pk_journal PRIMARY KEY (entry));
INSERT INTO {s}.event_counter (partition) SELECT generate_series(0, 15);
INSERT INTO {s}.relay_cursor (partition) SELECT generate_series(0, 15);
INSERT INTO {s}.log_epoch (epoch) VALUES (gen_random_uuid());
REVOKE UPDATE, DELETE, TRUNCATE ON {s}.event_log, {s}.log_epoch, {s}.journal FROM {s}_api, {s}_worker;
REVOKE INSERT, DELETE, TRUNCATE ON {s}.event_counter, {s}.relay_cursor FROM {s}_api, {s}_worker;
REVOKE UPDATE ON {s}.relay_cursor FROM {s}_api;
REVOKE INSERT, UPDATE, DELETE ON {s}.intake_position, {s}.parked_event FROM {s}_api;
"""
_NAMES = "journal, parked_event, intake_position, relay_cursor, log_epoch, event_counter, event_log"


def create_v1(service: str) -> None:
    """Make log, counters, cursors, positions, parking and journal in a service's schema."""
    for statement in _TABLES.format(s=service).split(";\n"):
        if statement.strip():
            op.execute(statement)


def drop_v1(service: str) -> None:
    """Undo `create_v1`."""
    for name in _NAMES.split(", "):
        op.execute(f"DROP TABLE {service}.{name}")
