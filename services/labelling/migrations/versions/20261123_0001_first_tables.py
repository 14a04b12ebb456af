"""Organisations, calls, applications, decisions, labels, networks, bridges, targets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.exchange.schema import create_v1, drop_v1

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "labelling"


def upgrade() -> None:
    create_v1(SCHEMA)
    _make_organisations_and_calls()
    _make_applications_and_decisions()
    _make_trainings_and_labels()
    _make_networks_and_bridges()
    op.execute("INSERT INTO labelling.decision_head (single, number, hash) VALUES (true, 0, repeat('0', 64))")
    # A decision and an act on a label are written once; the head is moved, never made or removed.
    op.execute(
        "REVOKE UPDATE, DELETE, TRUNCATE ON labelling.decision, labelling.label_change"
        " FROM labelling_api, labelling_worker"
    )
    op.execute(
        "REVOKE INSERT, DELETE, TRUNCATE ON labelling.decision_head FROM labelling_api, labelling_worker"
    )


def downgrade() -> None:
    for table in (
        "bridge",
        "network_member",
        "network",
        "label_change",
        "label",
        "training",
        "decision_head",
        "decision",
        "application",
        "target",
        "call",
        "site",
        "organisation",
    ):
        op.drop_table(table, schema=SCHEMA)
    drop_v1(SCHEMA)


def _make_organisations_and_calls() -> None:
    op.create_table(
        "organisation",
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_status", sa.Text(), nullable=False),
        sa.Column("ceased_on", sa.Date()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "legal_status IN ('association', 'private', 'public')", name=op.f("ck_organisation_legal_status")
        ),
        sa.PrimaryKeyConstraint("siren", name=op.f("pk_organisation")),
        schema=SCHEMA,
    )
    op.create_table(
        "site",
        sa.Column("siret", sa.Text(), nullable=False),
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code_insee", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("open_from", sa.Date(), nullable=False),
        sa.Column("open_until", sa.Date()),
        sa.ForeignKeyConstraint(
            ["siren"], ["labelling.organisation.siren"], name=op.f("fk_site_siren_organisation")
        ),
        sa.PrimaryKeyConstraint("siret", name=op.f("pk_site")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_site_siren"), "site", ["siren"], schema=SCHEMA)
    op.create_table(
        "call",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("label_months", sa.Integer(), nullable=False),
        sa.Column("criteria_set", sa.Text(), nullable=False),
        sa.Column("intakes", JSONB(none_as_null=True), nullable=False),
        sa.Column("closed_to_new_labels_on", sa.Date()),
        sa.Column("closed_to_new_sessions_on", sa.Date()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_call")),
        schema=SCHEMA,
    )
    op.create_table(
        "target",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("label_fr", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "indicator IN ('trainings_labelled_cum', 'trained_or_in_training')",
            name=op.f("ck_target_indicator"),
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_target")),
        schema=SCHEMA,
    )


def _make_applications_and_decisions() -> None:
    op.create_table(
        "application",
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("siret", sa.Text()),
        sa.Column("content", JSONB(none_as_null=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("criteria_set", sa.Text()),
        sa.Column("findings", JSONB(none_as_null=True), nullable=False),
        sa.Column("intake", sa.Text()),
        sa.Column("submitted_on", sa.Date()),
        sa.Column("withdrawn_on", sa.Date()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'inadmissible', 'in_review', 'assessed',"
            " 'granted', 'refused', 'withdrawn')",
            name=op.f("ck_application_state"),
        ),
        sa.ForeignKeyConstraint(
            ["call"], ["labelling.call.reference"], name=op.f("fk_application_call_call")
        ),
        sa.ForeignKeyConstraint(
            ["siren"], ["labelling.organisation.siren"], name=op.f("fk_application_siren_organisation")
        ),
        sa.ForeignKeyConstraint(["siret"], ["labelling.site.siret"], name=op.f("fk_application_siret_site")),
        sa.PrimaryKeyConstraint("siren", "reference", name=op.f("pk_application")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_application_call_state"), "application", ["call", "state"], schema=SCHEMA)
    op.create_table(
        "decision",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("committee", sa.Text(), nullable=False),
        sa.Column("reasons", JSONB(none_as_null=True), nullable=False),
        sa.Column("criteria_set", sa.Text()),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('granted', 'refused')", name=op.f("ck_decision_outcome")),
        sa.ForeignKeyConstraint(
            ["siren", "application"],
            ["labelling.application.siren", "labelling.application.reference"],
            name=op.f("fk_decision_siren_application_application"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decision")),
        sa.UniqueConstraint("reference", name=op.f("uq_decision_reference")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_decision_siren_application"),
        "decision",
        ["siren", "application"],
        unique=True,
        schema=SCHEMA,
    )
    op.create_table(
        "decision_head",
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_decision_head_single")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_decision_head")),
        schema=SCHEMA,
    )


def _make_trainings_and_labels() -> None:
    op.create_table(
        "training",
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("siret", sa.Text()),
        sa.Column("code_insee", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("certification_kind", sa.Text(), nullable=False),
        sa.Column("content", JSONB(none_as_null=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["siren", "reference"],
            ["labelling.application.siren", "labelling.application.reference"],
            name=op.f("fk_training_siren_reference_application"),
        ),
        sa.PrimaryKeyConstraint("training_id", name=op.f("pk_training")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_training_region"), "training", ["region"], schema=SCHEMA)
    op.create_index(
        op.f("ix_training_siren_reference"), "training", ["siren", "reference"], unique=True, schema=SCHEMA
    )
    op.create_table(
        "label",
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("training_reference", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("suspensions", JSONB(none_as_null=True), nullable=False),
        sa.Column("revoked_on", sa.Date()),
        sa.Column("renews", sa.Uuid()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["training_id"], ["labelling.training.training_id"], name=op.f("fk_label_training_id_training")
        ),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_label")),
        sa.UniqueConstraint("training_id", name=op.f("uq_label_training_id")),
        schema=SCHEMA,
    )
    op.create_table(
        "label_change",
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('suspended', 'reinstated', 'revoked')", name=op.f("ck_label_change_kind")
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labelling.label.label_id"], name=op.f("fk_label_change_label_id_label")
        ),
        sa.PrimaryKeyConstraint("label_id", "reference", name=op.f("pk_label_change")),
        schema=SCHEMA,
    )


def _make_networks_and_bridges() -> None:
    op.create_table(
        "network",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_network")),
        schema=SCHEMA,
    )
    op.create_table(
        "network_member",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.ForeignKeyConstraint(
            ["network"], ["labelling.network.reference"], name=op.f("fk_network_member_network_network")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"],
            ["labelling.training.training_id"],
            name=op.f("fk_network_member_training_id_training"),
        ),
        sa.PrimaryKeyConstraint("network", "training_id", "since", name=op.f("pk_network_member")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_network_member_training_id"), "network_member", ["training_id"], schema=SCHEMA)
    op.create_table(
        "bridge",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("bridge_id", sa.Uuid(), nullable=False),
        sa.Column("from_training", sa.Uuid(), nullable=False),
        sa.Column("to_training", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("departement", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("open_from", sa.Date(), nullable=False),
        sa.Column("open_until", sa.Date()),
        sa.Column("zoning", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('next_level', 'reorientation', 'remedial', 'redirect_on_revocation')",
            name=op.f("ck_bridge_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["from_training"],
            ["labelling.training.training_id"],
            name=op.f("fk_bridge_from_training_training"),
        ),
        sa.ForeignKeyConstraint(
            ["to_training"], ["labelling.training.training_id"], name=op.f("fk_bridge_to_training_training")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_bridge")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_bridge_from_training"), "bridge", ["from_training"], schema=SCHEMA)
