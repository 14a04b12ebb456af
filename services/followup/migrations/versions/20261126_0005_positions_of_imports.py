"""How far the facts of an import reach in the log."""

from shared.platform.imports.schema import create_v2, drop_v2

revision = "20261126_0005"
down_revision = "20261126_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_v2("followup")


def downgrade() -> None:
    drop_v2("followup")
