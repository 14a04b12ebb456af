"""Alembic environment of indicators."""

from services.indicators.tables import metadata
from shared.platform.migrations import run

run(metadata)
