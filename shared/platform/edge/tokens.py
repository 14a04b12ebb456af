"""Access tokens: ES256 `at+jwt` checked against keys, issuer, audience, environment and dates. Source: RFC 9068."""

import asyncio
import base64
import hashlib
import json
import math
import time
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.kernel.identifiers import is_siren
from shared.platform.caller import Caller

log = structlog.get_logger()

LEEWAY = 30
MAX_TOKEN = 8192
KEYS_FOR = 60
"""Seconds after which the keys are asked for again: a key that the issuer withdrew opens nothing for longer."""
KEYS_AT_MOST = 3600
"""Seconds that keys serve while the issuer does not answer; its tokens live ten minutes."""
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
        """The keys, fetched anew when `kid` is unknown; the same object until they change."""
        ...


class IssuerKeys:
    """The issuer's JWKS, asked for again each minute; for an unknown `kid` at once, at most every 30 seconds."""

    def __init__(self, url: str, *, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client
        self._keys: KeySet | None = None
        self._kids: frozenset[str | None] = frozenset()
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def key_set(self, kid: str | None) -> KeySet:
        """The keys, the same object until they change. Raises KeysNotHad while none are held and none can be had."""
        if self._due(kid) or self._on_their_way(kid):
            async with self._one_at_a_time:
                if self._due(kid):
                    await self._fetch()
        if self._keys is None:
            raise KeysNotHad
        return self._keys

    def _on_their_way(self, kid: str | None) -> bool:
        """Whether a call under way may bring the key: who comes second waits for it, and is not turned away."""
        return kid not in self._kids and self._one_at_a_time.locked()

    def _due(self, kid: str | None) -> bool:
        now = time.monotonic()
        wanted = self._keys is None or kid not in self._kids or now - self._fetched_at > KEYS_FOR
        return wanted and now - self._tried_at > (REFETCH_AFTER if self._keys else 1)

    async def _fetch(self) -> None:
        try:
            answer = await self._client.get(self._url, timeout=3)
            answer.raise_for_status()
            self._take(KeySet.import_key_set(answer.json()))
        except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as error:
            log.warning("auth.keys_not_had", error=type(error).__name__)
            if time.monotonic() - self._fetched_at > KEYS_AT_MOST:
                self._keys = None
        finally:
            # From its end on: those who waited for a call that failed do not each make their own.
            self._tried_at = time.monotonic()

    def _take(self, keys: KeySet) -> None:
        if self._keys is None or keys.as_dict() != self._keys.as_dict():
            self._keys, self._kids = keys, frozenset(key.kid for key in keys.keys)
        self._fetched_at = time.monotonic()


@dataclass(frozen=True)
class _Verified:
    """A token that was good, and the keys with which it was."""

    until: float
    kid: str
    keys: KeySet
    caller: Caller


class Verifier:
    """Checks tokens for one audience; a good one is remembered by digest until it expires or the keys change."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str, environment: str) -> None:
        self._keys = keys
        self._expected = {"iss": issuer, "aud": audience, "env": environment}
        self._verified: dict[bytes, _Verified] = {}

    async def verify(self, token: str) -> Caller:
        """The caller named by a token. Raises TokenRefused, or KeysNotHad."""
        if len(token) > MAX_TOKEN:
            raise TokenRefused("too long")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known and known.until > time.time() and known.keys is await self._keys.key_set(known.kid):
            return known.caller
        verified = await self._verify(token)
        if len(self._verified) >= MAX_CACHED:
            self._verified.clear()
        self._verified[digest] = verified
        return verified.caller

    async def _verify(self, token: str) -> _Verified:
        try:
            header = _unverified_header(token)
            # Only these three members of the header are looked at; jku, x5u and jwk are ignored.
            kid = header.get("kid")
            if header.get("alg") != "ES256" or header.get("typ") != "at+jwt" or not isinstance(kid, str):
                raise TokenRefused("not an ES256 access token")
            keys = await self._keys.key_set(kid)
            claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
            check_claims(claims, expected=self._expected)
        except _UNREADABLE as error:
            raise TokenRefused(type(error).__name__) from error
        return _Verified(claims["exp"], kid, keys, _caller_of(claims))


def check_claims(claims: dict[str, Any], *, expected: dict[str, str]) -> None:
    """Pass the claims of a token of ours, to the letter. Raises TokenRefused, whose reason is for the log.

    Source: RFC 9068, section 4; of `aud` one name or a list; instants are numbers and no booleans.
    """
    now = time.time()
    audience = claims.get("aud")
    checks = {
        "issuer": claims.get("iss") == expected["iss"],
        "audience": expected["aud"] in (audience if isinstance(audience, list) else [audience]),
        "environment": claims.get("env") == expected["env"],
        "subject": isinstance(claims.get("sub"), str) and claims["sub"] != "",
        "scope": isinstance(claims.get("scope", ""), str),
        "expiry": _instant(claims.get("exp")) > now - LEEWAY,
        "issued": _instant(claims.get("iat"), without=math.inf) < now + LEEWAY,
        "not before": _instant(claims.get("nbf", 0), without=math.inf) < now + LEEWAY,
        "organisation": claims.get("org") is None
        or (isinstance(claims["org"], str) and is_siren(claims["org"])),
        "reporter": claims.get("reporter") is None or isinstance(claims["reporter"], str),
    }
    failed = [name for name, kept in checks.items() if not kept]
    if failed:
        raise TokenRefused(failed[0])


def _instant(value: Any, *, without: float = -math.inf) -> float:
    """Seconds since 1970; what is not a number is never in time."""
    return float(value) if type(value) in {int, float} and math.isfinite(value) else without


def _caller_of(claims: dict[str, Any]) -> Caller:
    return Caller(
        client_id=claims["sub"],
        scopes=frozenset(claims.get("scope", "").split()),
        org=claims.get("org"),
        reporter=claims.get("reporter"),
    )


def _unverified_header(token: str) -> dict[str, Any]:

    segment = token.split(".", 1)[0]
    header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    if not isinstance(header, dict):
        raise TokenRefused("header")
    return header
