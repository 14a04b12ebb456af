"""First tables: the exchange, follow-ups, observations with their history, lots."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.exchange.schema import create_v1, drop_v1

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "followup"
ZERO = sa.text("0")


def upgrade() -> None:
    create_v1(SCHEMA)
    _followup()
    _observation()
    _observation_history()
    _lot()
    op.execute(
        "REVOKE UPDATE, DELETE, TRUNCATE ON followup.observation_history FROM followup_api, followup_worker"
    )
    op.execute(
        "REVOKE DELETE, TRUNCATE ON followup.followup, followup.observation, followup.lot FROM followup_api"
    )


def downgrade() -> None:
    for name in ("lot", "observation_history", "observation", "followup"):
        op.drop_table(name, schema=SCHEMA)
    drop_v1(SCHEMA)


def _followup() -> None:
    op.create_table(
        "followup",
        sa.Column("enrolment_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("training_id", sa.Uuid),
        sa.Column("exit_on", sa.Date),
        sa.Column("exit_kind", sa.Text),
        sa.Column("enrolment_version", sa.BigInteger, nullable=False, server_default=ZERO),
        sa.Column("version", sa.BigInteger, nullable=False, server_default=ZERO),
        sa.Column("settled", sa.Text, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("excluded_code", sa.Text),
        sa.Column("excluded_on", sa.Date),
        sa.Column("excluded_proof", sa.Text),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("enrolment_id", name=op.f("pk_followup")),
        sa.CheckConstraint(
            "status IN ('waiting', 'open', 'excluded', 'closed')", name=op.f("ck_followup_status")
        ),
        sa.CheckConstraint(
            "exit_kind IN ('completed', 'abandoned', 'interrupted')", name=op.f("ck_followup_exit_kind")
        ),
        sa.CheckConstraint(
            "status = 'waiting' OR num_nulls(holder, training_id, exit_on, exit_kind) = 0",
            name=op.f("ck_followup_exit_known"),
        ),
        sa.CheckConstraint(
            "num_nulls(excluded_code, excluded_on, excluded_proof) IN (0, 3)",
            name=op.f("ck_followup_exclusion_whole"),
        ),
        schema=SCHEMA,
        postgresql_with={"fillfactor": 70},
    )


def _observation() -> None:
    op.create_table(
        "observation",
        sa.Column("reporter", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("enrolment_id", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("durable", sa.Boolean),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("planned_end_on", sa.Date),
        sa.Column("observed_on", sa.Date),
        sa.Column("collected_on", sa.Date, nullable=False),
        sa.Column("first_collected_on", sa.Date, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("lot", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reporter", "reference", name=op.f("pk_observation")),
        sa.CheckConstraint(
            "source IN ('administrative', 'document', 'learner', 'holder')",
            name=op.f("ck_observation_source"),
        ),
        sa.CheckConstraint(
            "kind IN ('contract', 'self_employment', 'situation', 'searched_not_found', 'retraction')",
            name=op.f("ck_observation_kind"),
        ),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_observation_enrolment_id"),
        "observation",
        ["enrolment_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("enrolment_id IS NOT NULL"),
    )


def _observation_history() -> None:
    op.create_table(
        "observation_history",
        sa.Column("reporter", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("enrolment_id", sa.Uuid),
        sa.Column("collected_on", sa.Date, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("lot", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reporter", "reference", "revision", name=op.f("pk_observation_history")),
        schema=SCHEMA,
    )


def _lot() -> None:
    counts = ("accepted", "accepted_with_warning", "duplicate", "older_than_held", "waiting", "rejected")
    op.create_table(
        "lot",
        sa.Column("reporter", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("period_from", sa.Date, nullable=False),
        sa.Column("period_to", sa.Date, nullable=False),
        sa.Column("population", sa.Text, nullable=False),
        sa.Column("complete_to", sa.Date, nullable=False),
        sa.Column("produced_on", sa.Date, nullable=False),
        sa.Column("sending", sa.Uuid, nullable=False),
        sa.Column("sendings", sa.Integer, nullable=False, server_default=sa.text("1")),
        *(sa.Column(count, sa.Integer, nullable=False, server_default=ZERO) for count in counts),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reporter", "reference", name=op.f("pk_lot")),
        schema=SCHEMA,
    )
