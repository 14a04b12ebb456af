"""The one kind of route: who calls, then the parameters, then the body, each to the letter, before anything else.

FastAPI alone reads the body first and checks it before it asks who sends it, takes the last of two parameters of one
name, and passes over parameters that nobody declared.
"""

from collections.abc import Callable, Collection, Coroutine, Iterator
from typing import Any, ClassVar, Final

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.platform.edge.auth import Demand, authenticate, demand_scope
from shared.platform.edge.bodies import read_body
from shared.platform.edge.deadlines import Deadlines
from shared.platform.edge.limits import FAMILY_OF_METHOD, Limits
from shared.platform.edge.negotiation import JSON, demand_acceptable
from shared.platform.edge.parameters import check_parameters
from shared.platform.edge.strict_json import check_json

MAX_BODY: Final = 1024 * 1024
"""Largest body of a route that is about one thing."""


class StrictRoute(APIRoute):
    """A route whose caller, parameters and body are checked in this order, before its dependencies are asked."""

    seconds: ClassVar[float] = 30.0
    served: ClassVar[Collection[str]] = JSON
    """Media types of the answer; what differs by route is a subclass."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, behind the checks."""
        handle = super().get_route_handler()
        dependant = self.dependant
        scopes = demanded_scopes(dependant)
        known = is_authenticated(dependant)
        allowed = frozenset(_parameters_of(dependant))
        has_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            if known:
                caller = await authenticate(request)
                limits: Limits = request.app.state.limits
                request.state.headers |= limits.take(caller.client_id, FAMILY_OF_METHOD[request.method])
                for wanted in scopes:
                    demand_scope(caller, wanted)
            demand_acceptable(request, served=self.served)
            check_parameters(request, allowed)
            if has_body:
                raw = await read_body(request, limit=MAX_BODY)
                check_json(raw)
                request._body = raw  # noqa: SLF001 - where the framework keeps what it has read
            deadlines: Deadlines = request.app.state.deadlines
            return await deadlines.keep(handle(request), seconds=self.seconds)

        return strict


class Router(APIRouter):
    """A router of such routes."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(route_class=StrictRoute, **settings)


def is_authenticated(dependant: Dependant) -> bool:
    """Whether a route asks who calls."""
    return isinstance(dependant.call, Demand) or any(map(is_authenticated, dependant.dependencies))


def _parameters_of(dependant: Dependant) -> Iterator[str]:
    """The query parameters that a route and its dependencies declare."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters_of(inner)


def demanded_scopes(dependant: Dependant) -> list[tuple[str, ...]]:
    """The scopes a route demands: of each tuple one is enough."""
    found = [dependant.call.scopes] if isinstance(dependant.call, Demand) and dependant.call.scopes else []
    return found + [scopes for inner in dependant.dependencies for scopes in demanded_scopes(inner)]
