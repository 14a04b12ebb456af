"""Access tokens: ES256 `at+jwt` checked against issuer, audience, expiry and scope; who the caller is."""

import asyncio
import base64
import hashlib
import json
import time
from typing import Any, Protocol

import httpx
import structlog
from fastapi import Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.platform.caller import Caller
from shared.platform.edge.limits import Limits
from shared.platform.edge.problems import BUSY, INSUFFICIENT_SCOPE, UNAUTHENTICATED, ProblemError
from shared.platform.metrics import AUTH_FAILURES

log = structlog.get_logger()

LEEWAY = 30
MAX_TOKEN = 8192
KEYS_FOR = 600
REFETCH_AFTER = 30
MAX_CACHED = 10_000

# What a hostile header makes the decoders raise: types they did not expect, depths they do not bear.
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class TokenRefused(Exception):
    """The token is not one of ours, or no longer; the reason is for the log, not for the caller."""


class KeysNotHad(Exception):
    """The issuer does not answer with keys: nobody can be told apart for now."""


class Keys(Protocol):
    """Where the issuer's public keys come from."""

    async def key_set(self, kid: str | None) -> KeySet:
        """The keys, fetched anew when `kid` is unknown."""
        ...


class IssuerKeys:
    """The issuer's JWKS, kept ten minutes; an unknown `kid` fetches again, at most every 30 seconds."""

    def __init__(self, url: str, *, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def key_set(self, kid: str | None) -> KeySet:
        """The keys. Raises KeysNotHad while the issuer gives none and none are held."""
        async with self._one_at_a_time:
            if self._keys is None or self._due(self._keys, kid):
                await self._fetch()
        assert self._keys is not None  # noqa: S101 - _fetch sets it or raises
        return self._keys

    def _due(self, keys: KeySet, kid: str | None) -> bool:
        now = time.monotonic()
        unknown = kid not in {key.kid for key in keys.keys}
        return (unknown or now - self._fetched_at > KEYS_FOR) and now - self._tried_at > REFETCH_AFTER

    async def _fetch(self) -> None:
        self._tried_at = time.monotonic()
        try:
            answer = await self._client.get(self._url, timeout=3)
            answer.raise_for_status()
            self._keys = KeySet.import_key_set(answer.json())
            self._fetched_at = time.monotonic()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as error:
            log.warning("auth.keys_not_had", error=type(error).__name__)
            if self._keys is None:
                raise KeysNotHad from error


class Verifier:
    """Checks tokens for one audience; a verified token is remembered by digest until it expires."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._verified: dict[bytes, tuple[float, Caller]] = {}

    async def verify(self, token: str) -> Caller:
        """The caller named by a token. Raises TokenRefused."""
        if len(token) > MAX_TOKEN:
            raise TokenRefused("too long")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known and known[0] > time.time():
            return known[1]
        claims = await self._claims(token)
        caller = Caller(
            client_id=str(claims["sub"]),
            scopes=frozenset(str(claims.get("scope", "")).split()),
            org=claims.get("org"),
            reporter=claims.get("reporter"),
        )
        if len(self._verified) >= MAX_CACHED:
            self._verified.clear()
        self._verified[digest] = (float(claims["exp"]), caller)
        return caller

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = _unverified_header(token)
            # Only these three members of the header are looked at; jku, x5u and jwk are ignored.
            kid = header.get("kid")
            if header.get("alg") != "ES256" or header.get("typ") != "at+jwt" or not isinstance(kid, str):
                raise TokenRefused("not an ES256 access token")
            claims = jwt.decode(token, await self._keys.key_set(kid), algorithms=["ES256"]).claims
        except _UNREADABLE as error:
            raise TokenRefused(type(error).__name__) from error
        self._check(claims)
        return claims

    def _check(self, claims: dict[str, Any]) -> None:
        now = time.time()
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        checks = {
            "issuer": claims.get("iss") == self._issuer,
            "audience": isinstance(audiences, list) and self._audience in audiences,
            "subject": isinstance(claims.get("sub"), str),
            "expiry": isinstance(claims.get("exp"), int | float) and claims["exp"] > now - LEEWAY,
            "issued": isinstance(claims.get("iat"), int | float) and claims["iat"] < now + LEEWAY,
            "not before": not isinstance(claims.get("nbf"), int | float) or claims["nbf"] < now + LEEWAY,
        }
        failed = [name for name, kept in checks.items() if not kept]
        if failed:
            raise TokenRefused(failed[0])


def _unverified_header(token: str) -> dict[str, Any]:

    segment = token.split(".", 1)[0]
    header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    if not isinstance(header, dict):
        raise TokenRefused("header")
    return header


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
