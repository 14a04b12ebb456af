"""Who calls: the bearer token of a request, and the scopes that a route demands."""

import structlog
from fastapi import Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase

from shared.platform.caller import Caller
from shared.platform.edge.limits import Limits
from shared.platform.edge.problems import BUSY, INSUFFICIENT_SCOPE, UNAUTHENTICATED, ProblemError
from shared.platform.edge.tokens import KeysNotHad, TokenRefused, Verifier
from shared.platform.mandates.lookup import Mandates
from shared.platform.metrics import AUTH_FAILURES

log = structlog.get_logger()

_SCHEME = "bearer "


async def authenticate(request: Request) -> Caller:
    """The caller of a request, found once. Raises ProblemError 401, or 503 while the issuer's keys cannot be had."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    given = request.headers.getlist("authorization")
    if len(given) != 1 or not given[0].lower().startswith(_SCHEME):
        AUTH_FAILURES.labels("no token").inc()
        _count_failure(request)
        raise ProblemError(401, UNAUTHENTICATED, headers={"WWW-Authenticate": "Bearer"})
    verifier: Verifier = request.app.state.verifier
    try:
        caller = await verifier.verify(given[0][len(_SCHEME) :].strip())
    except TokenRefused as refusal:
        AUTH_FAILURES.labels(str(refusal)).inc()
        _count_failure(request)
        log.info("auth.refused", reason=str(refusal))
        raise ProblemError(
            401, UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        ) from None
    except KeysNotHad:
        AUTH_FAILURES.labels("no keys").inc()
        raise ProblemError(503, BUSY, headers={"Retry-After": "2"}) from None
    if caller.org is not None:
        mandates: Mandates = request.app.state.mandates
        caller = await mandates.added_to(caller)
    request.state.client_id = caller.client_id
    request.state.caller = caller
    return caller


def _count_failure(request: Request) -> None:
    """An address that fails again and again is told to wait. Raises ProblemError 429."""
    limits: Limits = request.app.state.limits
    limits.failed(request.client.host if request.client else "-")


def demand_scope(caller: Caller, scopes: tuple[str, ...]) -> None:
    """Pass who holds at least one of the scopes. Raises ProblemError 403."""
    if not caller.scopes.intersection(scopes):
        needed = " ".join(scopes)
        AUTH_FAILURES.labels("scope").inc()
        raise ProblemError(
            403,
            INSUFFICIENT_SCOPE,
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'},
        )


class Demand(SecurityBase):
    """A dependency: the caller, who holds at least one of the scopes, if there are any."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        self.model = HTTPBearerModel(description="Client-credentials access token (ES256 at+jwt).")
        self.scheme_name = "HTTPBearer"
        self.scopes = scopes

    async def __call__(self, request: Request) -> Caller:
        """The caller. Raises ProblemError 401, 403, or 503 while the issuer's keys cannot be had."""
        caller = await authenticate(request)
        if self.scopes:
            demand_scope(caller, self.scopes)
        return caller


authenticated = Demand(())


def require(*scopes: str) -> Demand:
    """A dependency: the caller, who holds at least one of the scopes. Raises ProblemError 401 or 403."""
    return Demand(scopes)
