"""The tables that every service keeps in its own schema for the exchange, and its journal."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
# Hot rows: room on the page keeps their updates there.
_HOT = {"fillfactor": 50}
_ZERO = text("0")


def service_metadata(schema: str) -> MetaData:
    """Metadata of one service: its schema and the naming convention of constraints."""
    return MetaData(schema=schema, naming_convention=NAMING)


@dataclass(frozen=True)
class ExchangeTables:
    """Handles of the exchange tables that services themselves name; the platform names the others in its SQL."""

    event_log: Table
    parked_event: Table
    journal: Table


def exchange_tables(metadata: MetaData) -> ExchangeTables:
    """Declare the exchange tables in a service's metadata."""
    _speaking(metadata)
    _hearing(metadata)
    return ExchangeTables(
        event_log=_event_log(metadata), parked_event=_parked_event(metadata), journal=_journal(metadata)
    )


def _partition() -> Column[int]:
    return Column("partition", SmallInteger, primary_key=True, autoincrement=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _instant(name: str, *, now: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not now, server_default=func.now() if now else None)


def _event_log(metadata: MetaData) -> Table:
    return Table(
        "event_log",
        metadata,
        Column("partition", SmallInteger, primary_key=True),
        Column("seq", BigInteger, primary_key=True),
        # The day never goes back within a partition, so that a day holds one run of numbers.
        Column("day", Date, primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("previous_id", Uuid),
        Column("type", Text, nullable=False),
        Column("aggregate_id", Text, nullable=False),
        Column("aggregate_version", BigInteger, nullable=False),
        # json, not jsonb: the text is published as it was recorded.
        Column("data", JSON, nullable=False),
        Column("traceparent", Text),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        postgresql_partition_by="RANGE (day)",
    )


def _speaking(metadata: MetaData) -> None:
    Table(
        "event_counter",
        metadata,
        _partition(),
        Column("last_seq", BigInteger, nullable=False, server_default=_ZERO),
        Column("last_id", Uuid),
        Column("day", Date, nullable=False, server_default=text("'-infinity'")),
        postgresql_with=_HOT,
    )
    Table(
        "log_epoch",
        metadata,
        Column("epoch", Uuid, primary_key=True),
        Column("began_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("reason", Text, nullable=False, server_default="first"),
    )
    # Up to here an epoch has the same events as the one before it.
    Table("log_cut", metadata, Column("epoch", Uuid, primary_key=True), _partition(), _number("last_seq"))
    # From which number on a day holds what its partition says.
    Table(
        "log_day",
        metadata,
        _partition(),
        Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
        Column("day", Date, primary_key=True),
    )
    _archiving(metadata)


def _archiving(metadata: MetaData) -> None:
    Table(
        "log_archive",
        metadata,
        Column("day", Date, primary_key=True),
        _partition(),
        *map(_number, ("first_seq", "last_seq", "events")),
        Column("digest", Numeric, nullable=False),
        Column("previous_id", Uuid),
        Column("last_id", Uuid, nullable=False),
        Column("content_sha256", LargeBinary, nullable=False),
        Column("file", Text, nullable=False),
        _instant("verified_at"),
        _instant("dropped_at", now=False),
    )
    Table(
        "heard_position",
        metadata,
        Column("listener", Text, primary_key=True),
        _partition(),
        _number("last_seq"),
        # Empty until the listener has reported once.
        _instant("reported_at", now=False),
    )
    _relaying(metadata)


def _relaying(metadata: MetaData) -> None:
    Table(
        "relay_cursor",
        metadata,
        _partition(),
        Column("published_through", BigInteger, nullable=False, server_default=_ZERO),
        Column("owner", Uuid),
        _instant("leased_until", now=False),
        Column("fence", BigInteger, nullable=False, server_default=_ZERO),
        _instant("moved_at"),
        postgresql_with=_HOT,
    )
    Table(
        "relay_state",
        metadata,
        Column("one", Boolean, primary_key=True, server_default=text("true")),
        Column("broker_epoch", Text),
        Column("halted", Text),
        _instant("halted_at", now=False),
        _instant("connected_at", now=False),
        CheckConstraint("one", name="one"),
    )


def _hearing(metadata: MetaData) -> None:
    Table(
        "intake_position",
        metadata,
        Column("source", Text, primary_key=True),
        _partition(),
        Column("epoch", Uuid),
        Column("last_seq", BigInteger, nullable=False, server_default=_ZERO),
        Column("last_id", Uuid),
        _instant("moved_at"),
        postgresql_with=_HOT,
    )
    Table(
        "intake_source",
        metadata,
        Column("source", Text, primary_key=True),
        Column("halted", Text),
        _instant("halted_at", now=False),
        Column("detail", JSONB(none_as_null=True), nullable=False, server_default=text("'{}'::jsonb")),
        # Epochs that the followed one came after: what still comes of them is discarded.
        Column("superseded", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
        # Hours before it were heard, in part, before digests were kept.
        _instant("audited_from", now=False),
    )
    # How far a source said that its log reaches; the flag is such an announcement that one has not reached yet.
    Table(
        "intake_watermark",
        metadata,
        Column("source", Text, primary_key=True),
        _partition(),
        _number("head"),
        Column("heard_at", DateTime(timezone=True), nullable=False),
        _number("flag"),
        Column("flagged_at", DateTime(timezone=True), nullable=False),
        postgresql_with=_HOT,
    )
    _sharing(metadata)


def _sharing(metadata: MetaData) -> None:
    Table(
        "intake_member",
        metadata,
        Column("source", Text, primary_key=True),
        Column("member", Uuid, primary_key=True),
        Column("alive_until", DateTime(timezone=True), nullable=False),
    )
    Table(
        "intake_lease",
        metadata,
        Column("durable", Text, primary_key=True),
        Column("owner", Uuid),
        _instant("leased_until", now=False),
        postgresql_with=_HOT,
    )
    Table(
        "intake_digest",
        metadata,
        Column("source", Text, primary_key=True),
        _partition(),
        Column("hour", DateTime(timezone=True), primary_key=True),
        _number("events"),
        Column("digest", Numeric, nullable=False),
        postgresql_with=_HOT,
    )


def _parked_event(metadata: MetaData) -> Table:
    Table(
        "redrive_request",
        metadata,
        Column("request", BigInteger, Identity(always=True), primary_key=True),
        Column("source", Text, nullable=False),
        Column("aggregate_id", Text),
        Column("requested_by", Text, nullable=False),
        _instant("requested_at"),
        _instant("claimed_until", now=False),
        _instant("done_at", now=False),
        Column("driven", Integer, nullable=False, server_default=_ZERO),
        Column("left_parked", Integer),
        Column("note", Text),
    )
    return Table(
        "parked_event",
        metadata,
        Column("source", Text, primary_key=True),
        _partition(),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("aggregate_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("envelope", JSON, nullable=False),
        Column("reason", Text, nullable=False),
        _instant("parked_at"),
        Column("tries", Integer, nullable=False, server_default=_ZERO),
        _instant("tried_at", now=False),
        Index(None, "source", "aggregate_id"),
    )


def _journal(metadata: MetaData) -> Table:
    return Table(
        "journal",
        metadata,
        Column("entry", BigInteger, Identity(always=True), primary_key=True),
        _instant("at"),
        Column("client_id", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("purpose", Text),
        Column("detail", JSONB(none_as_null=True), nullable=False, server_default=text("'{}'::jsonb")),
    )
