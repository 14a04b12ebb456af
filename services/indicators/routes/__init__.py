"""Door 1: figures, definitions and targets over HTTP."""

from services.indicators.routes import definitions, exact, released, targets

ROUTERS = [exact.router, released.router, definitions.router, targets.router]
