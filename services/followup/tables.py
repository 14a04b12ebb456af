"""Tables of the schema `followup`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.edge.tables import edge_tables
from shared.platform.exchange.tables import exchange_tables, service_metadata
from shared.platform.imports.tables import import_tables
from shared.platform.mandates.tables import mandate_table

metadata = service_metadata("followup")
EXCHANGE = exchange_tables(metadata)
edge_tables(metadata)
import_tables(metadata)
mandate_table(metadata)

_ZERO = text("0")

FOLLOWUP = Table(
    "followup",
    metadata,
    Column("enrolment_id", Uuid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("holder", Text),
    Column("training_id", Uuid),
    Column("exit_on", Date),
    Column("exit_kind", Text),
    Column("enrolment_version", BigInteger, nullable=False, server_default=_ZERO),
    Column("version", BigInteger, nullable=False, server_default=_ZERO),
    Column("settled", Text, nullable=False, server_default=text("'[]'")),
    Column("excluded_code", Text),
    Column("excluded_on", Date),
    Column("excluded_proof", Text),
    Column("noted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("status IN ('waiting', 'open', 'excluded', 'closed')", name="status"),
    CheckConstraint("exit_kind IN ('completed', 'abandoned', 'interrupted')", name="exit_kind"),
    CheckConstraint(
        "status = 'waiting' OR num_nulls(holder, training_id, exit_on, exit_kind) = 0",
        name="exit_known",
    ),
    CheckConstraint(
        "num_nulls(excluded_code, excluded_on, excluded_proof) IN (0, 3)", name="exclusion_whole"
    ),
    # Each settlement rewrites a row in place: room on the page keeps it there.
    postgresql_with={"fillfactor": 70},
)

OBSERVATION = Table(
    "observation",
    metadata,
    Column("reporter", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("enrolment_id", Uuid),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("outcome", Text),
    Column("durable", Boolean),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("planned_end_on", Date),
    Column("observed_on", Date),
    Column("collected_on", Date, nullable=False),
    Column("first_collected_on", Date, nullable=False),
    Column("content", JSONB(none_as_null=True), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("lot", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("source IN ('administrative', 'document', 'learner', 'holder')", name="source"),
    CheckConstraint(
        "kind IN ('contract', 'self_employment', 'situation', 'searched_not_found', 'retraction')",
        name="kind",
    ),
    Index(None, "enrolment_id", postgresql_where=text("enrolment_id IS NOT NULL")),
)

# What a correction or a retraction replaced. With `observation`, which holds the last word, it is every word said.
OBSERVATION_HISTORY = Table(
    "observation_history",
    metadata,
    Column("reporter", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("enrolment_id", Uuid),
    Column("collected_on", Date, nullable=False),
    Column("content", JSONB(none_as_null=True), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("lot", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

LOT = Table(
    "lot",
    metadata,
    Column("reporter", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
    Column("population", Text, nullable=False),
    Column("complete_to", Date, nullable=False),
    Column("produced_on", Date, nullable=False),
    Column("sending", Uuid, nullable=False),
    Column("sendings", Integer, nullable=False, server_default=text("1")),
    Column("accepted", Integer, nullable=False, server_default=_ZERO),
    Column("accepted_with_warning", Integer, nullable=False, server_default=_ZERO),
    Column("duplicate", Integer, nullable=False, server_default=_ZERO),
    Column("older_than_held", Integer, nullable=False, server_default=_ZERO),
    Column("waiting", Integer, nullable=False, server_default=_ZERO),
    Column("rejected", Integer, nullable=False, server_default=_ZERO),
    Column("received_at", DateTime(timezone=True), nullable=False),
)
