"""The tables that every service keeps in its own schema for its edge."""

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, SmallInteger, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSON


def edge_tables(metadata: MetaData) -> None:
    """Declare them in a service's metadata; the platform names them in its SQL."""
    Table(
        "idempotency_key",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("route", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("part", SmallInteger, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("results", JSON, nullable=False),
        Column("positions", ARRAY(Text), nullable=False),
        Column("kept_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index(None, "kept_at"),
    )
