"""Keys of safe retries."""

from shared.platform.edge.schema import create_v1, drop_v1

revision = "20261126_0003"
down_revision = "20261125_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_v1("indicators")


def downgrade() -> None:
    drop_v1("indicators")
