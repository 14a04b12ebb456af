"""The tables of the schema `enrolment`.

Identities stand alone in `learners`, which the worker role cannot read. Rows point at one another without foreign
keys where a bulk call would pay for each of them: nothing is ever deleted here, and every reference is looked up in
the transaction that writes it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.edge.tables import edge_tables
from shared.platform.exchange.tables import exchange_tables, service_metadata
from shared.platform.imports.tables import import_tables
from shared.platform.mandates.tables import mandate_table

metadata = service_metadata("enrolment")

EXCHANGE = exchange_tables(metadata)
edge_tables(metadata)
import_tables(metadata)
mandate_table(metadata)

LABELS = Table(
    "labels",
    metadata,
    Column("label_id", Uuid, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("training_id", Uuid, nullable=False),
    Column("training_reference", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("suspensions", JSONB(none_as_null=True), nullable=False),
    Column("revoked_on", Date),
    Column("version", BigInteger, nullable=False),
    Index(None, "training_id"),
)

SESSIONS = Table(
    "sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("training", Text, nullable=False),
    Column("training_id", Uuid, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("planned_end_on", Date, nullable=False),
    Column("capacity", Integer),
    Column("rolling_entry", Boolean, nullable=False),
    Column("cancelled_on", Date),
    Column("coverage", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("holder", "reference"),
    Index(None, "training_id"),
    CheckConstraint("coverage IN ('covered', 'waiting_for_label', 'not_covered')", name="coverage"),
)

LEARNERS = Table(
    "learners",
    metadata,
    Column("learner_id", Uuid, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("birth_name", Text, nullable=False),
    Column("usual_name", Text),
    Column("first_names", Text, nullable=False),
    Column("birth_date", Date, nullable=False),
    Column("sex", Text, nullable=False),
    Column("birth_code_insee", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("france_travail_number", Text),
    Column("address_basis", Text),
    Column("notice_version", Text),
    Column("notice_given_on", Date),
    Column("representative_informed_on", Date),
    Column("search_opposed", Boolean, nullable=False),
    Column("disability_recognised", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("holder", "reference"),
    CheckConstraint("sex IN ('female', 'male', 'not_stated')", name="sex"),
    CheckConstraint("disability_recognised IN ('yes', 'no', 'unknown')", name="disability_recognised"),
)

ENROLMENTS = Table(
    "enrolments",
    metadata,
    Column("enrolment_id", Uuid, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("learner_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("training_id", Uuid, nullable=False),
    Column("coverage", Text, nullable=False),
    Column("entered_on", Date, nullable=False),
    Column("planned_end_on", Date, nullable=False),
    # Declared and derived facts at entry, frozen together and read together.
    Column("profile", JSONB(none_as_null=True), nullable=False),
    Column("search_opposed", Boolean, nullable=False),
    Column("cost_to_learner_cents", BigInteger, nullable=False),
    Column("hours_planned_inperson", Integer),
    Column("hours_planned_online", Integer),
    Column("status", Text, nullable=False),
    Column("ended_on", Date),
    Column("end_reason", Text),
    Column("continues_in", Uuid),
    Column("hours_attended_inperson", Integer),
    Column("hours_attended_online", Integer),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("holder", "reference"),
    Index(None, "session_id", "reference"),
    Index(None, "learner_id"),
    # The roster of a month walks this index and meets nobody else.
    Index(
        "ix_enrolments_leavers",
        "ended_on",
        "enrolment_id",
        postgresql_where=text("status IN ('completed', 'abandoned', 'interrupted')"),
    ),
    CheckConstraint("coverage IN ('covered', 'waiting_for_label', 'not_covered')", name="coverage"),
    CheckConstraint(
        "status IN ('in_training', 'completed', 'abandoned', 'transferred', 'interrupted', 'cancelled')",
        name="status",
    ),
    CheckConstraint("(status = 'in_training') = (ended_on IS NULL)", name="end_has_date"),
    # An end is an update of a row just inserted: room on the page keeps it there.
    postgresql_with={"fillfactor": 80},
)

CERTIFICATIONS = Table(
    "certifications",
    metadata,
    Column("certification_id", Uuid, primary_key=True),
    Column("enrolment_id", Uuid, ForeignKey("enrolments.enrolment_id"), nullable=False),
    Column("holder", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("register_entry", Text),
    Column("kind", Text, nullable=False),
    Column("level", SmallInteger),
    Column("result", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("enrolment_id", "reference"),
    CheckConstraint("result IN ('full', 'partial', 'failed')", name="result"),
)

UNSETTLED_TRAININGS = Table(
    "unsettled_trainings",
    metadata,
    Column("training_id", Uuid, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
