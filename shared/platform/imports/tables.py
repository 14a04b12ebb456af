"""The tables that a service which takes files keeps in its own schema."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

_OPEN = text("state IN ('receiving', 'received', 'running')")
_JOB = "import_job.job_id"


def import_tables(metadata: MetaData) -> None:
    """Declare them in a service's metadata; the platform names them in its SQL."""
    _jobs(metadata)
    Table(
        "import_chunk",
        metadata,
        Column("job_id", Uuid, ForeignKey(_JOB, ondelete="CASCADE"), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
    )
    Table(
        "import_finding",
        metadata,
        Column("job_id", Uuid, ForeignKey(_JOB, ondelete="CASCADE"), primary_key=True),
        Column("line", BigInteger, primary_key=True),
        Column("number", SmallInteger, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("warning", Boolean, nullable=False),
        Column("pointer", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("expected", Text),
    )


def _jobs(metadata: MetaData) -> None:
    Table(
        "import_job",
        metadata,
        Column("job_id", Uuid, primary_key=True),
        *_said(),
        *_file(),
        *_progress(),
        Index("ix_import_job_own", "client_id", "owner", "created_at", "job_id"),
        Index("uq_import_job_open", "client_id", "kind", unique=True, postgresql_where=_OPEN),
        Index("ix_import_job_waiting", "worked_at", postgresql_where=_OPEN),
        Index(None, "finished_at"),
        CheckConstraint(
            "state IN ('receiving', 'received', 'running', 'succeeded', 'failed', 'cancelled')", name="state"
        ),
        CheckConstraint(
            "(wrapped_key IS NULL) = (state IN ('succeeded', 'failed', 'cancelled'))", name="key_destroyed"
        ),
        # A job is updated with every batch: room on the page keeps it there.
        postgresql_with={"fillfactor": 50},
    )


def _said() -> list[Column[Any]]:
    """Who sent it, with its rights, and what was said of the whole file."""
    return [
        Column("owner", Text, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("dry_run", Boolean, nullable=False),
        Column("state", Text, nullable=False),
        Column("caller", JSONB(none_as_null=True), nullable=False),
        Column("head", JSONB(none_as_null=True), nullable=False),
        Column("traceparent", Text),
    ]


def _file() -> list[Column[Any]]:
    """How the file is to be read; the columns are names of ours."""
    return [
        Column("format", Text, nullable=False),
        Column("encoding", Text),
        Column("delimiter", Text),
        Column("columns", JSONB(none_as_null=True)),
        Column("wrapped_key", LargeBinary),
        Column("bytes", BigInteger, nullable=False),
    ]


def _progress() -> list[Column[Any]]:
    """Where the work stands: lines done and total, the place of the next line, whose turn it is."""
    return [
        Column("lines_total", BigInteger),
        Column("lines_done", BigInteger, nullable=False),
        Column("next_number", BigInteger, nullable=False),
        Column("next_offset", BigInteger, nullable=False),
        Column("counts", JSONB(none_as_null=True), nullable=False),
        Column("findings", Integer, nullable=False),
        Column("positions", ARRAY(Text), nullable=False, server_default="{}"),
        Column("failure", JSONB(none_as_null=True)),
        Column("fence", BigInteger, nullable=False),
        Column("leased_until", DateTime(timezone=True)),
        Column("worked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("finished_at", DateTime(timezone=True)),
    ]
