"""Where all of labelling meets: `create_app(settings)`."""

from fastapi import FastAPI

from services.labelling import routes
from services.labelling.consumers import SUBSCRIPTIONS
from services.labelling.settings import Settings
from shared.platform.app import assemble
from shared.platform.exchange.participant import Service

SERVICE = Service(
    name="labelling",
    title="Tremplin · labelling",
    routers=routes.ROUTERS,
    subscriptions=SUBSCRIPTIONS,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; settings come from the environment unless given."""
    return assemble(SERVICE, settings or Settings())
