"""Where all of enrolment meets: `create_app(settings)`."""

from fastapi import FastAPI

from services.enrolment import jobs, routes
from services.enrolment.consumers import SUBSCRIPTIONS
from services.enrolment.settings import Settings
from shared.platform.app import assemble
from shared.platform.exchange.participant import Service
from shared.platform.exchange.projections import HeardAgain
from shared.platform.mandates.hearing import MANDATES_AGAIN

SERVICE = Service(
    name="enrolment",
    title="Tremplin · enrolment",
    routers=routes.ROUTERS,
    subscriptions=SUBSCRIPTIONS,
    jobs=(jobs.settle_for_ever,),
    heard_again={
        "labelling": HeardAgain(forget=jobs.forget_heard_labels, settle=jobs.drop_labels_not_heard).beside(
            MANDATES_AGAIN
        )
    },
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; settings come from the environment unless given."""
    return assemble(SERVICE, settings or Settings(), imports=routes.IMPORTS)
