"""Alembic environment of followup."""

from services.followup.tables import metadata
from shared.platform.migrations import run

run(metadata)
