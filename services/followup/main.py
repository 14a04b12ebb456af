"""Where all of followup meets: `create_app(settings)`."""

from fastapi import FastAPI

from services.followup import routes
from services.followup.consumers import SUBSCRIPTIONS
from services.followup.settings import Settings
from shared.platform.app import Service, assemble

SERVICE = Service(
    name="followup",
    title="Tremplin · followup",
    routers=routes.ROUTERS,
    subscriptions=SUBSCRIPTIONS,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; settings come from the environment unless given."""
    return assemble(SERVICE, settings or Settings())
