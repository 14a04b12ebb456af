"""Clients that prove who they are with a key of their own (`private_key_jwt`), so that no secret travels.

Sources: RFC 7523, section 3; OpenID Connect Core 1.0, section 9.
"""

import json
import math
import time
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from deploy.identity.clients import Client, Register
from deploy.identity.keyring import ALGORITHM

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE: Final = 300
"""Seconds between now and the `exp` of an assertion, at most: as long its number is remembered."""
LEEWAY: Final = 30
LONGEST_NUMBER: Final = 128
MAX_REMEMBERED: Final = 100_000

_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Assertions:
    """Verifies assertions made for one issuer, each of which is good for one token."""

    def __init__(self, register: Register, *, issuer: str) -> None:
        self._register = register
        self._audiences = {issuer, f"{issuer}/token"}
        self._used: dict[tuple[str, str], float] = {}

    def client(self, assertion: str, *, named: str | None) -> Client | None:
        """The client that signed, if it did so for us, lately and for the first time; `named` is the form's name."""
        try:
            claimed = json.loads(jws.extract_compact(assertion.encode("ascii")).payload)["sub"]
            client = self._register.find(claimed)
            if client is None or client.keys is None or named not in {None, client.client_id}:
                return None
            claims = jwt.decode(assertion, client.keys, algorithms=[ALGORITHM]).claims
        except _UNREADABLE:
            return None
        return client if self._sound(claims, client_id=client.client_id) else None

    def _sound(self, claims: dict[str, Any], *, client_id: str) -> bool:
        now = time.time()
        audience, number = claims.get("aud"), claims.get("jti")
        expiry, issued = claims.get("exp"), claims.get("iat", now)
        right = (
            claims.get("iss") == client_id
            and claims.get("sub") == client_id
            and (audience if isinstance(audience, str) else "") in self._audiences
            and now - LEEWAY < _instant(expiry) <= now + LONGEST_LIFE + LEEWAY
            and _instant(issued) <= now + LEEWAY
            and _instant(claims.get("nbf", issued)) <= now + LEEWAY
            and isinstance(number, str)
            and 0 < len(number) <= LONGEST_NUMBER
        )
        return right and self._first_time((client_id, number), until=_instant(expiry), now=now)

    def _first_time(self, number: tuple[str, Any], *, until: float, now: float) -> bool:
        if len(self._used) >= MAX_REMEMBERED:
            self._used = {each: end for each, end in self._used.items() if end + LEEWAY > now}
        if number in self._used or len(self._used) >= MAX_REMEMBERED:
            return False
        self._used[number] = until
        return True


def _instant(value: Any) -> float:
    """Seconds since 1970; what is not a number is never in time."""
    return float(value) if type(value) in {int, float} and math.isfinite(value) else math.nan
