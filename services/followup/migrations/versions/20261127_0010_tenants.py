"""Mandates heard, and whose rows are whose."""

from alembic import op

from shared.platform.mandates.schema import create_v1, drop_v1
from shared.platform.row_security import (
    IS_REPORTER,
    OF_IMPORTS_V1,
    OF_THE_PLATFORM_V1,
    Policy,
    expose,
    of_sender,
    of_tenant,
    protect,
)

revision = "20261127_0010"
down_revision = "20261126_0005"
branch_labels = None
depends_on = None

SCHEMA = "followup"
_SENDERS = of_sender("reporter")
# What others said of an enrolment decides what is settled of it: who may report on one weighs all of it.
_OF_OWN_LEARNERS = (
    "EXISTS (SELECT FROM followup.followup f WHERE f.enrolment_id = observation.enrolment_id"
    f" AND {of_tenant('f.holder')})"
)
# A line about an exit that nobody heard of waits, whoever sent it.
_FOLLOWED = f"{IS_REPORTER} OR holder IS NULL OR {of_tenant('holder')}"
POLICIES = (
    OF_THE_PLATFORM_V1
    | OF_IMPORTS_V1
    | {
        "followup": Policy(_FOLLOWED, _FOLLOWED),
        "observation": Policy(f"{IS_REPORTER} OR {_SENDERS} OR {_OF_OWN_LEARNERS}", _SENDERS),
        "observation_history": Policy(_SENDERS, _SENDERS),
        "lot": Policy(_SENDERS, _SENDERS),
    }
)
# All that anybody may know of another's lots; the owner reads them for whoever asks.
_COMPLETE_TO = """
CREATE FUNCTION followup.complete_to(reporters text[]) RETURNS TABLE (reporter text, complete_to date)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = followup, pg_temp
    AS 'SELECT reporter, max(complete_to) FROM lot WHERE reporter = ANY (reporters) GROUP BY reporter'
"""


def upgrade() -> None:
    create_v1(SCHEMA)
    for table, policy in POLICIES.items():
        protect(SCHEMA, table, policy)
    op.execute(_COMPLETE_TO)


def downgrade() -> None:
    op.execute("DROP FUNCTION followup.complete_to")
    for table in POLICIES:
        expose(SCHEMA, table)
    drop_v1(SCHEMA)
