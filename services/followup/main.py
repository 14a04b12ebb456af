"""Where all of followup meets: `create_app(settings)`."""

from fastapi import FastAPI

from services.followup import jobs, routes
from services.followup.consumers import SUBSCRIPTIONS
from services.followup.settings import Settings
from shared.platform.app import assemble
from shared.platform.exchange.participant import Service
from shared.platform.exchange.projections import HeardAgain
from shared.platform.mandates.hearing import MANDATES_AGAIN

SERVICE = Service(
    name="followup",
    title="Tremplin · followup",
    routers=routes.ROUTERS,
    subscriptions=SUBSCRIPTIONS,
    heard_again={
        "labelling": MANDATES_AGAIN,
        "enrolment": HeardAgain(forget=jobs.forget_enrolments, settle=jobs.close_unheard_enrolments),
    },
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; settings come from the environment unless given."""
    return assemble(SERVICE, settings or Settings(), imports=routes.IMPORTS)
