"""First tables: labels heard, sessions, learners, enrolments, certifications."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.exchange.schema import create_v1, drop_v1

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "enrolment"


def upgrade() -> None:
    create_v1(SCHEMA)
    _create_labels()
    _create_sessions()
    _create_learners()
    _create_enrolments()
    _create_certifications()
    # Identities are for the API alone: relay and intake run without ever being able to read one.
    op.execute("REVOKE ALL ON enrolment.learners FROM enrolment_worker")
    op.execute(
        "REVOKE DELETE, TRUNCATE ON enrolment.labels, enrolment.sessions FROM enrolment_api, enrolment_worker"
    )
    op.execute(
        "REVOKE DELETE, TRUNCATE ON enrolment.enrolments, enrolment.certifications FROM enrolment_api, enrolment_worker"
    )
    op.execute("REVOKE INSERT, UPDATE ON enrolment.certifications FROM enrolment_worker")
    op.execute("REVOKE INSERT, UPDATE ON enrolment.labels FROM enrolment_api")


def _create_labels() -> None:
    op.create_table(
        "labels",
        sa.Column("label_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("training_id", sa.Uuid, nullable=False),
        sa.Column("training_reference", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.Column("suspensions", JSONB(none_as_null=True), nullable=False),
        sa.Column("revoked_on", sa.Date),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("label_id", name="pk_labels"),
        schema=SCHEMA,
    )
    op.create_index("ix_labels_training_id", "labels", ["training_id"], schema=SCHEMA)
    op.create_table(
        "unsettled_trainings",
        sa.Column("training_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("training_id", name="pk_unsettled_trainings"),
        schema=SCHEMA,
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("training", sa.Text, nullable=False),
        sa.Column("training_id", sa.Uuid, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("planned_end_on", sa.Date, nullable=False),
        sa.Column("capacity", sa.Integer),
        sa.Column("rolling_entry", sa.Boolean, nullable=False),
        sa.Column("cancelled_on", sa.Date),
        sa.Column("coverage", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        sa.UniqueConstraint("holder", "reference", name="uq_sessions_holder_reference"),
        sa.CheckConstraint(
            "coverage IN ('covered', 'waiting_for_label', 'not_covered')", name=op.f("ck_sessions_coverage")
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_sessions_training_id", "sessions", ["training_id"], schema=SCHEMA)


def _create_learners() -> None:
    op.create_table(
        "learners",
        sa.Column("learner_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("birth_name", sa.Text, nullable=False),
        sa.Column("usual_name", sa.Text),
        sa.Column("first_names", sa.Text, nullable=False),
        sa.Column("birth_date", sa.Date, nullable=False),
        sa.Column("sex", sa.Text, nullable=False),
        sa.Column("birth_code_insee", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("france_travail_number", sa.Text),
        sa.Column("address_basis", sa.Text),
        sa.Column("notice_version", sa.Text),
        sa.Column("notice_given_on", sa.Date),
        sa.Column("representative_informed_on", sa.Date),
        sa.Column("search_opposed", sa.Boolean, nullable=False),
        sa.Column("disability_recognised", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name="pk_learners"),
        sa.UniqueConstraint("holder", "reference", name="uq_learners_holder_reference"),
        sa.CheckConstraint("sex IN ('female', 'male', 'not_stated')", name=op.f("ck_learners_sex")),
        sa.CheckConstraint(
            "disability_recognised IN ('yes', 'no', 'unknown')",
            name=op.f("ck_learners_disability_recognised"),
        ),
        schema=SCHEMA,
    )


def _create_enrolments() -> None:
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("learner_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("training_id", sa.Uuid, nullable=False),
        sa.Column("coverage", sa.Text, nullable=False),
        sa.Column("entered_on", sa.Date, nullable=False),
        sa.Column("planned_end_on", sa.Date, nullable=False),
        sa.Column("profile", JSONB(none_as_null=True), nullable=False),
        sa.Column("search_opposed", sa.Boolean, nullable=False),
        sa.Column("cost_to_learner_cents", sa.BigInteger, nullable=False),
        sa.Column("hours_planned_inperson", sa.Integer),
        sa.Column("hours_planned_online", sa.Integer),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("ended_on", sa.Date),
        sa.Column("end_reason", sa.Text),
        sa.Column("continues_in", sa.Uuid),
        sa.Column("hours_attended_inperson", sa.Integer),
        sa.Column("hours_attended_online", sa.Integer),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_enrolments"),
        sa.UniqueConstraint("holder", "reference", name="uq_enrolments_holder_reference"),
        sa.CheckConstraint(
            "coverage IN ('covered', 'waiting_for_label', 'not_covered')", name=op.f("ck_enrolments_coverage")
        ),
        sa.CheckConstraint(
            "status IN ('in_training', 'completed', 'abandoned', 'transferred', 'interrupted', 'cancelled')",
            name=op.f("ck_enrolments_status"),
        ),
        sa.CheckConstraint(
            "(status = 'in_training') = (ended_on IS NULL)", name=op.f("ck_enrolments_end_has_date")
        ),
        schema=SCHEMA,
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_enrolments_session_id_reference", "enrolments", ["session_id", "reference"], schema=SCHEMA
    )
    op.create_index("ix_enrolments_learner_id", "enrolments", ["learner_id"], schema=SCHEMA)
    op.create_index(
        "ix_enrolments_leavers",
        "enrolments",
        ["ended_on", "enrolment_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("status IN ('completed', 'abandoned', 'interrupted')"),
    )


def _create_certifications() -> None:
    op.create_table(
        "certifications",
        sa.Column("certification_id", sa.Uuid, nullable=False),
        sa.Column("enrolment_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("register_entry", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("level", sa.SmallInteger),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("certification_id", name="pk_certifications"),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.enrolments.enrolment_id"],
            name="fk_certifications_enrolment_id_enrolments",
        ),
        sa.UniqueConstraint("enrolment_id", "reference", name="uq_certifications_enrolment_id_reference"),
        sa.CheckConstraint("result IN ('full', 'partial', 'failed')", name=op.f("ck_certifications_result")),
        schema=SCHEMA,
    )


def downgrade() -> None:
    for name in ("certifications", "enrolments", "learners", "sessions", "unsettled_trainings", "labels"):
        op.drop_table(name, schema=SCHEMA)
    drop_v1(SCHEMA)
