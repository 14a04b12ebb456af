"""Large imports."""

from shared.platform.imports.schema import create_v1, drop_v1

revision = "20261126_0004"
down_revision = "20261126_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_v1("followup")


def downgrade() -> None:
    drop_v1("followup")
