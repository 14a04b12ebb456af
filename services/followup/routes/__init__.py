"""Door 1, HTTP: pushing outcomes, excluding a learner, reading back."""

from fastapi import APIRouter

from services.followup.routes import followups, outcomes
from services.followup.routes.imports import IMPORTS

__all__ = ["IMPORTS", "ROUTERS"]

ROUTERS: list[APIRouter] = [outcomes.router, followups.router]
