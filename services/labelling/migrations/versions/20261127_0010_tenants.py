"""Mandates, and whose rows are whose."""

import sqlalchemy as sa
from alembic import op

from shared.platform.mandates.schema import POLICY_V1
from shared.platform.row_security import (
    ANYBODY,
    OF_THE_PLATFORM_V1,
    REACHES_ALL,
    Policy,
    expose,
    of_tenant,
    protect,
    tenant_policy,
)

revision = "20261127_0010"
down_revision = "20261126_0003"
branch_labels = None
depends_on = None

SCHEMA = "labelling"
_REGISTERED = Policy(ANYBODY, REACHES_ALL)
POLICIES = OF_THE_PLATFORM_V1 | {
    # Names and places stand in the register.
    "organisation": Policy(ANYBODY, f"{REACHES_ALL} OR {of_tenant('siren')}"),
    "site": Policy(ANYBODY, f"{REACHES_ALL} OR {of_tenant('siren')}"),
    "application": tenant_policy("siren"),
    "decision": Policy(tenant_policy("siren").sees, REACHES_ALL),
    "training": _REGISTERED,
    "label": _REGISTERED,
}


def upgrade() -> None:
    op.create_table(
        "mandate",
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder"], ["labelling.organisation.siren"], name=op.f("fk_mandate_holder_organisation")
        ),
        sa.PrimaryKeyConstraint("mandate_id", name=op.f("pk_mandate")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_mandate_holder_reference"), "mandate", ["holder", "reference"], unique=True, schema=SCHEMA
    )
    op.create_index(op.f("ix_mandate_client_id"), "mandate", ["client_id"], schema=SCHEMA)
    protect(SCHEMA, "mandate", POLICY_V1)
    for table, policy in POLICIES.items():
        protect(SCHEMA, table, policy)


def downgrade() -> None:
    for table in POLICIES:
        expose(SCHEMA, table)
    op.drop_table("mandate", schema=SCHEMA)
