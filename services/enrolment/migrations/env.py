"""Alembic environment of enrolment."""

from services.enrolment.tables import metadata
from shared.platform.migrations import run

run(metadata)
