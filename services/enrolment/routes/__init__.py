"""The HTTP door of enrolment."""

from services.enrolment.routes import certifications, ends, enrolments, rosters, sessions

ROUTERS = [sessions.router, enrolments.router, ends.router, certifications.router, rosters.router]
