"""Door 1, HTTP: pushing outcomes, excluding a learner, reading back."""

from fastapi import APIRouter

from services.followup.routes import followups, outcomes

ROUTERS: list[APIRouter] = [outcomes.router, followups.router]
