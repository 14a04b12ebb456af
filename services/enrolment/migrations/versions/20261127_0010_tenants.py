"""Mandates heard, and whose rows are whose."""

from shared.platform.mandates.schema import create_v1, drop_v1
from shared.platform.row_security import (
    IS_REPORTER,
    OF_IMPORTS_V1,
    OF_THE_PLATFORM_V1,
    Policy,
    expose,
    of_tenant,
    protect,
)

revision = "20261127_0010"
down_revision = "20261126_0005"
branch_labels = None
depends_on = None

SCHEMA = "enrolment"
_OWN = Policy(of_tenant("holder"), of_tenant("holder"))
# Nobody sees learners as one of the scheme's own; reporters see those whom they may search for, once they left.
POLICIES = (
    OF_THE_PLATFORM_V1
    | OF_IMPORTS_V1
    | {
        "labels": Policy(of_tenant("holder"), "false"),
        "sessions": _OWN,
        "learners": Policy(
            f"{of_tenant('holder')} OR ({IS_REPORTER} AND NOT search_opposed)", of_tenant("holder")
        ),
        "enrolments": Policy(
            f"{of_tenant('holder')} OR ({IS_REPORTER} AND NOT search_opposed"
            " AND status IN ('completed', 'abandoned', 'interrupted'))",
            of_tenant("holder"),
        ),
        "certifications": _OWN,
        "unsettled_trainings": _OWN,
    }
)


def upgrade() -> None:
    create_v1(SCHEMA)
    for table, policy in POLICIES.items():
        protect(SCHEMA, table, policy)


def downgrade() -> None:
    for table in POLICIES:
        expose(SCHEMA, table)
    drop_v1(SCHEMA)
