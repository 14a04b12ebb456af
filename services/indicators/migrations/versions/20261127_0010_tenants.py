"""Mandates heard, and whose rows are whose."""

from alembic import op

from shared.platform.mandates.schema import create_v1, drop_v1
from shared.platform.row_security import (
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

SCHEMA = "indicators"
_READ_ONLY = Policy(tenant_policy("holder").sees, "false")
# The cells of an organisation are those of its trainings; of the nation and the regions, the scheme's alone.
_OF_TRAINING = "level = 'training' AND place IN (SELECT indicators.own_trainings())"
_FACTS = ("enrolment_fact", "training_fact", "label_fact")
_PAST = ("enrolment_history", "training_history", "label_history")
POLICIES = (
    OF_THE_PLATFORM_V1
    | dict.fromkeys(_FACTS + _PAST, _READ_ONLY)
    | {
        "cube": Policy(f"{REACHES_ALL} OR ({_OF_TRAINING})", "false"),
        "head_cube": Policy(
            f"{REACHES_ALL} OR (level = 'holder' AND {of_tenant('place')}) OR ({_OF_TRAINING})", "false"
        ),
    }
)
# Looks by name when it is asked: a rebuild puts other tables in the place of these.
_OWN_TRAININGS = (
    "CREATE FUNCTION indicators.own_trainings() RETURNS SETOF text LANGUAGE sql STABLE AS"  # noqa: S608 - ours
    f" $$ SELECT CAST(training_id AS text) FROM indicators.training_fact WHERE {of_tenant('holder')} $$"
)


def upgrade() -> None:
    create_v1(SCHEMA)
    op.execute(_OWN_TRAININGS)
    for table, policy in POLICIES.items():
        protect(SCHEMA, table, policy)


def downgrade() -> None:
    for table in POLICIES:
        expose(SCHEMA, table)
    op.execute("DROP FUNCTION indicators.own_trainings")
    drop_v1(SCHEMA)
