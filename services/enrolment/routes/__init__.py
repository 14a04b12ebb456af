"""The HTTP door of enrolment."""

from services.enrolment.routes import certifications, ends, enrolments, rosters, sessions
from services.enrolment.routes.imports import IMPORTS

__all__ = ["IMPORTS", "ROUTERS"]

ROUTERS = [
    sessions.router,
    enrolments.router,
    enrolments.exports,
    ends.router,
    certifications.router,
    rosters.router,
]
