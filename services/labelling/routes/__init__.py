"""The HTTP doors of labelling."""

from services.labelling.routes import applications, calls, decisions, networks, organisations, register

ROUTERS = (
    organisations.router,
    calls.router,
    applications.router,
    decisions.router,
    networks.router,
    register.router,
)
