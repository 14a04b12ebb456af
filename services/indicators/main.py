"""Where all of indicators meets: `create_app(settings)`."""

from fastapi import FastAPI

from services.indicators import routes, use_cases
from services.indicators.consumers import SUBSCRIPTIONS
from services.indicators.domain.measures import MEASURES
from services.indicators.settings import Settings
from shared.platform.app import assemble
from shared.platform.exchange.participant import Service
from shared.platform.exchange.projections import Projected

_KNOWN = ("known_from",)
PROJECTION = (
    Projected("enrolment_fact", ignored=_KNOWN),
    Projected("training_fact", ignored=_KNOWN),
    Projected("label_fact", ignored=_KNOWN),
    Projected("target_fact"),
    Projected("mandate"),
    Projected("cube", counted=" OR ".join(f"{measure} <> 0" for measure in MEASURES)),
    Projected("head_cube", counted="heads <> 0"),
    Projected("enrolment_history", compared=False),
    Projected("training_history", compared=False),
    Projected("label_history", compared=False),
)
"""Everything here comes from hearing; only the journal of exact readings is the service's own."""

SERVICE = Service(
    name="indicators",
    title="Tremplin · indicators",
    routers=routes.ROUTERS,
    subscriptions=SUBSCRIPTIONS,
    projection=PROJECTION,
    derive=use_cases.rebuild_cubes,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; settings come from the environment unless given."""
    return assemble(SERVICE, settings or Settings())
