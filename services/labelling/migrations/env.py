"""Alembic environment of labelling."""

from services.labelling.tables import metadata
from shared.platform.migrations import run

run(metadata)
