"""The HTTP doors of labelling."""

from services.labelling.routes import (
    applications,
    calls,
    decisions,
    mandates,
    networks,
    organisations,
    register,
)

ROUTERS = (
    organisations.router,
    mandates.router,
    calls.router,
    applications.router,
    decisions.router,
    networks.router,
    register.router,
)
