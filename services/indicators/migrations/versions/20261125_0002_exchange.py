"""The exchange, second form: days and lineage of the log, leases, digests, states."""

from shared.platform.exchange.schema import create_v2, drop_v2

revision = "20261125_0002"
down_revision = "20261123_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_v2("indicators")


def downgrade() -> None:
    drop_v2("indicators")
