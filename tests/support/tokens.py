"""Access tokens of a test issuer, signed like the real ones."""

import time
from functools import cache
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared.platform.edge.tokens import Verifier

ISSUER = "http://issuer.test"
ALL_SERVICES = ["labelling", "enrolment", "followup", "indicators"]


@cache
def signing_key() -> ECKey:
    """One key for the run."""
    return ECKey.generate_key("P-256", parameters={"kid": "test-key", "alg": "ES256", "use": "sig"})


def verifier(audience: str) -> Verifier:
    """What a service under test has, with the keys of the test issuer."""
    return Verifier(TestKeys(), issuer=ISSUER, audience=audience, environment="test")


class TestKeys:
    """The issuer's public keys, without a server."""

    __test__ = False

    async def key_set(self, kid: str | None) -> KeySet:
        """Always the same."""
        del kid
        return _key_set()


@cache
def _key_set() -> KeySet:
    return KeySet([signing_key()])


def token(*, scope: str, org: str | None = None, reporter: str | None = None, **claims: Any) -> str:
    """A token for all four services; `claims` overrides any claim, None removes it."""
    now = int(time.time())
    content: dict[str, Any] = {
        "iss": ISSUER,
        "aud": ALL_SERVICES,
        "sub": reporter or org or "test-client",
        "scope": scope,
        "org": org,
        "reporter": reporter,
        "env": "test",
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + 600,
    } | claims
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "test-key"}
    return jwt.encode(header, {k: v for k, v in content.items() if v is not None}, signing_key())
