"""The tables that every service keeps in its own schema for the exchange, and its journal."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def service_metadata(schema: str) -> MetaData:
    """Metadata of one service: its schema and the naming convention of constraints."""
    return MetaData(schema=schema, naming_convention=NAMING)


@dataclass(frozen=True)
class ExchangeTables:
    """Handles of the exchange tables of one service."""

    event_log: Table
    event_counter: Table
    log_epoch: Table
    relay_cursor: Table
    intake_position: Table
    parked_event: Table
    journal: Table


def exchange_tables(metadata: MetaData) -> ExchangeTables:
    """Declare the exchange tables in a service's metadata."""
    return ExchangeTables(
        event_log=_event_log(metadata),
        event_counter=_event_counter(metadata),
        log_epoch=Table("log_epoch", metadata, Column("epoch", Uuid, primary_key=True)),
        relay_cursor=_relay_cursor(metadata),
        intake_position=_intake_position(metadata),
        parked_event=_parked_event(metadata),
        journal=_journal(metadata),
    )


def _event_log(metadata: MetaData) -> Table:
    return Table(
        "event_log",
        metadata,
        Column("partition", SmallInteger, primary_key=True),
        Column("seq", BigInteger, primary_key=True),
        Column("event_id", Uuid, nullable=False, server_default=text("uuidv7()")),
        Column("type", Text, nullable=False),
        Column("aggregate_id", Text, nullable=False),
        Column("aggregate_version", BigInteger, nullable=False),
        # json, not jsonb: the text is published as it was recorded.
        Column("data", JSON, nullable=False),
        Column("traceparent", Text),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )


def _event_counter(metadata: MetaData) -> Table:
    return Table(
        "event_counter",
        metadata,
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("last_seq", BigInteger, nullable=False, server_default="0"),
        # Hot rows: room on the page keeps their updates there.
        postgresql_with={"fillfactor": 50},
    )


def _relay_cursor(metadata: MetaData) -> Table:
    return Table(
        "relay_cursor",
        metadata,
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("published_through", BigInteger, nullable=False, server_default="0"),
        Column("owner", Uuid),
        Column("leased_until", DateTime(timezone=True)),
        Column("fence", BigInteger, nullable=False, server_default="0"),
        postgresql_with={"fillfactor": 50},
    )


def _intake_position(metadata: MetaData) -> Table:
    return Table(
        "intake_position",
        metadata,
        Column("source", Text, primary_key=True),
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("epoch", Uuid),
        Column("last_seq", BigInteger, nullable=False, server_default="0"),
        Column("moved_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        postgresql_with={"fillfactor": 50},
    )


def _parked_event(metadata: MetaData) -> Table:
    return Table(
        "parked_event",
        metadata,
        Column("source", Text, primary_key=True),
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("aggregate_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("envelope", JSON, nullable=False),
        Column("reason", Text, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index(None, "source", "aggregate_id"),
    )


def _journal(metadata: MetaData) -> Table:
    return Table(
        "journal",
        metadata,
        Column("entry", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("client_id", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("purpose", Text),
        Column("detail", JSONB(none_as_null=True), nullable=False, server_default=text("'{}'::jsonb")),
    )
