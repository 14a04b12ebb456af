"""Where all of indicators meets: `create_app(settings)`."""

from fastapi import FastAPI

from services.indicators import routes
from services.indicators.consumers import SUBSCRIPTIONS
from services.indicators.settings import Settings
from shared.platform.app import Service, assemble

SERVICE = Service(
    name="indicators",
    title="Tremplin · indicators",
    routers=routes.ROUTERS,
    subscriptions=SUBSCRIPTIONS,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; settings come from the environment unless given."""
    return assemble(SERVICE, settings or Settings())
