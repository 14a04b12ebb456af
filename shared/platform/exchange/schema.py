"""The exchange tables as migrations make them; a change is a new function, these stay as they were."""

from alembic import op

from shared.platform.exchange.log_days_schema import DAYS_V2, ID_BITS
from shared.platform.topology import listeners_of

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


_TABLES_V2 = """
ALTER TABLE {s}.event_log RENAME TO event_log_before;
ALTER TABLE {s}.event_log_before RENAME CONSTRAINT pk_event_log TO pk_event_log_before;
CREATE TABLE {s}.event_log (
    partition smallint NOT NULL, seq bigint NOT NULL, day date NOT NULL,
    event_id uuid NOT NULL, previous_id uuid, type text NOT NULL,
    aggregate_id text NOT NULL, aggregate_version bigint NOT NULL,
    data json NOT NULL, traceparent text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_event_log PRIMARY KEY (partition, seq, day)) PARTITION BY RANGE (day);
CREATE TABLE {s}.event_log_unplanned PARTITION OF {s}.event_log DEFAULT;
ALTER TABLE {s}.event_counter ADD COLUMN last_id uuid, ADD COLUMN day date NOT NULL DEFAULT '-infinity';
ALTER TABLE {s}.log_epoch ADD COLUMN began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN reason text NOT NULL DEFAULT 'first';
CREATE TABLE {s}.log_cut (
    epoch uuid NOT NULL, partition smallint NOT NULL, last_seq bigint NOT NULL,
    CONSTRAINT pk_log_cut PRIMARY KEY (epoch, partition));
CREATE TABLE {s}.log_day (
    partition smallint NOT NULL, first_seq bigint NOT NULL, day date NOT NULL,
    CONSTRAINT pk_log_day PRIMARY KEY (partition, first_seq, day));
CREATE TABLE {s}.log_archive (
    day date NOT NULL, partition smallint NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL,
    events bigint NOT NULL, digest numeric NOT NULL, previous_id uuid, last_id uuid NOT NULL,
    content_sha256 bytea NOT NULL, file text NOT NULL,
    verified_at timestamptz NOT NULL DEFAULT now(), dropped_at timestamptz,
    CONSTRAINT pk_log_archive PRIMARY KEY (day, partition));
CREATE TABLE {s}.heard_position (
    listener text NOT NULL, partition smallint NOT NULL, last_seq bigint NOT NULL,
    reported_at timestamptz,
    CONSTRAINT pk_heard_position PRIMARY KEY (listener, partition));
CREATE TABLE {s}.relay_state (
    one boolean NOT NULL DEFAULT true, broker_epoch text, halted text, halted_at timestamptz,
    connected_at timestamptz,
    CONSTRAINT pk_relay_state PRIMARY KEY (one), CONSTRAINT ck_relay_state_one CHECK (one));
ALTER TABLE {s}.relay_cursor ADD COLUMN moved_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE {s}.intake_position ADD COLUMN last_id uuid;
CREATE TABLE {s}.intake_watermark (
    source text NOT NULL, partition smallint NOT NULL, head bigint NOT NULL, heard_at timestamptz NOT NULL,
    flag bigint NOT NULL, flagged_at timestamptz NOT NULL,
    CONSTRAINT pk_intake_watermark PRIMARY KEY (source, partition)) WITH (fillfactor = 50);
CREATE TABLE {s}.intake_source (
    source text NOT NULL, halted text, halted_at timestamptz,
    detail jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    superseded uuid[] NOT NULL DEFAULT '{{}}', audited_from timestamptz,
    CONSTRAINT pk_intake_source PRIMARY KEY (source));
CREATE TABLE {s}.intake_member (
    member uuid NOT NULL, source text NOT NULL, alive_until timestamptz NOT NULL,
    CONSTRAINT pk_intake_member PRIMARY KEY (source, member));
CREATE TABLE {s}.intake_lease (
    durable text NOT NULL, owner uuid, leased_until timestamptz,
    CONSTRAINT pk_intake_lease PRIMARY KEY (durable)) WITH (fillfactor = 50);
CREATE TABLE {s}.intake_digest (
    source text NOT NULL, partition smallint NOT NULL, hour timestamptz NOT NULL,
    events bigint NOT NULL, digest numeric NOT NULL,
    CONSTRAINT pk_intake_digest PRIMARY KEY (source, partition, hour)) WITH (fillfactor = 50);
ALTER TABLE {s}.parked_event ADD COLUMN tries integer NOT NULL DEFAULT 0, ADD COLUMN tried_at timestamptz;
CREATE TABLE {s}.redrive_request (
    request bigint GENERATED ALWAYS AS IDENTITY, source text NOT NULL, aggregate_id text,
    requested_by text NOT NULL, requested_at timestamptz NOT NULL DEFAULT now(), claimed_until timestamptz,
    done_at timestamptz, driven integer NOT NULL DEFAULT 0, left_parked integer, note text,
    CONSTRAINT pk_redrive_request PRIMARY KEY (request));
INSERT INTO {s}.relay_state (one) VALUES (true);
INSERT INTO {s}.intake_source (source, audited_from)
    SELECT DISTINCT source, date_trunc('hour', now(), 'UTC') + interval '1 hour' FROM {s}.intake_position;
REVOKE UPDATE, DELETE, TRUNCATE ON {s}.event_log, {s}.event_log_unplanned, {s}.log_day, {s}.log_archive
    FROM {s}_api, {s}_worker;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {s}.log_epoch, {s}.log_cut FROM {s}_api, {s}_worker;
REVOKE INSERT, DELETE, TRUNCATE ON {s}.relay_state FROM {s}_api, {s}_worker;
REVOKE UPDATE ON {s}.relay_state FROM {s}_api;
REVOKE INSERT ON {s}.log_archive FROM {s}_api;
REVOKE DELETE, TRUNCATE ON {s}.heard_position FROM {s}_api, {s}_worker;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {s}.intake_source, {s}.intake_member, {s}.intake_lease,
    {s}.intake_digest, {s}.intake_watermark FROM {s}_api;
REVOKE UPDATE, DELETE, TRUNCATE ON {s}.redrive_request FROM {s}_api;
INSERT INTO {s}.event_log (partition, seq, day, event_id, previous_id, type, aggregate_id, aggregate_version, data,
    traceparent, recorded_at)
    SELECT partition, seq, max(CAST(recorded_at AT TIME ZONE 'UTC' AS date)) OVER w, event_id,
        lag(event_id) OVER w, type, aggregate_id, aggregate_version, data, traceparent, recorded_at
    FROM {s}.event_log_before WINDOW w AS (PARTITION BY partition ORDER BY seq);
UPDATE {s}.event_counter c SET last_id = l.event_id, day = l.day
    FROM {s}.event_log l WHERE l.partition = c.partition AND l.seq = c.last_seq;
INSERT INTO {s}.log_day (partition, first_seq, day)
    SELECT partition, min(seq), day FROM {s}.event_log GROUP BY partition, day;
DROP TABLE {s}.event_log_before;
"""
# Who hears counts as having heard nothing until it has reported: nothing is forgotten before it.
_LISTENERS_V2 = """
INSERT INTO {s}.heard_position (listener, partition, last_seq) SELECT '{listener}', generate_series(0, 15), 0
"""
_NAMES_V2 = (
    "redrive_request, intake_digest, intake_lease, intake_member, intake_source, intake_watermark, relay_state,"
    " heard_position, log_archive, log_day, log_cut"
)
_UNDO_V2 = """
DROP FUNCTION {s}.drop_log_day(date, text[]);
DROP FUNCTION {s}.plan_log_days(date, integer);
ALTER TABLE {s}.event_log RENAME TO event_log_days;
ALTER TABLE {s}.event_log_days RENAME CONSTRAINT pk_event_log TO pk_event_log_days;
CREATE TABLE {s}.event_log (
    partition smallint NOT NULL, seq bigint NOT NULL,
    event_id uuid NOT NULL DEFAULT uuidv7(), type text NOT NULL,
    aggregate_id text NOT NULL, aggregate_version bigint NOT NULL,
    data json NOT NULL, traceparent text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_event_log PRIMARY KEY (partition, seq));
INSERT INTO {s}.event_log SELECT partition, seq, event_id, type, aggregate_id, aggregate_version, data, traceparent,
    recorded_at FROM {s}.event_log_days;
DROP TABLE {s}.event_log_days;
REVOKE UPDATE, DELETE, TRUNCATE ON {s}.event_log FROM {s}_api, {s}_worker;
ALTER TABLE {s}.event_counter DROP COLUMN last_id, DROP COLUMN day;
ALTER TABLE {s}.log_epoch DROP COLUMN began_at, DROP COLUMN reason;
ALTER TABLE {s}.intake_position DROP COLUMN last_id;
ALTER TABLE {s}.relay_cursor DROP COLUMN moved_at;
ALTER TABLE {s}.parked_event DROP COLUMN tries, DROP COLUMN tried_at
"""


def create_v2(service: str) -> None:
    """Days of the log, lineage, archive, leases, digests and the states of relay and intake."""
    for statement in _TABLES_V2.format(s=service).split(";\n"):
        if statement.strip():
            op.execute(statement)
    for listener in listeners_of(service):
        op.execute(_LISTENERS_V2.format(s=service, listener=listener))
    for statement in DAYS_V2.format(s=service, bits=ID_BITS).split("\n---\n"):
        op.execute(statement)


def drop_v2(service: str) -> None:
    """Undo `create_v2`. Days that were dropped after their archiving are not brought back."""
    for name in _NAMES_V2.split(", "):
        op.execute(f"DROP TABLE {service}.{name.strip()}")
    for statement in _UNDO_V2.format(s=service).split(";\n"):
        op.execute(statement)
