"""The table of mandates as a listener keeps it."""

from sqlalchemy import BigInteger, Column, Date, Index, MetaData, Table, Text, Uuid


def mandate_table(metadata: MetaData) -> None:
    """Declare it in a listener's metadata; labelling, which owns mandates, declares its own with the same columns."""
    Table(
        "mandate",
        metadata,
        Column("mandate_id", Uuid, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_until", Date, nullable=False),
        Column("revoked_on", Date),
        Column("version", BigInteger, nullable=False),
        Index(None, "client_id"),
    )
