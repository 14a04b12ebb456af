"""The access tokens the provider signs (RFC 9068)."""

import time
from typing import Any
from uuid import uuid4

from joserfc import jwt

from deploy.identity.clients import Client, Grant
from deploy.identity.keyring import ALGORITHM, LIFETIME, KeyringFile


class Signer:
    """Signs tokens of one issuer with the key of the ring whose turn it is."""

    def __init__(self, ring: KeyringFile, *, issuer: str, environment: str) -> None:
        self._ring = ring
        self._issuer = issuer
        self._environment = environment

    def public_keys(self) -> dict[str, Any]:
        """The key set that services verify with."""
        return {"keys": [held.public() for held in self._ring.current().keys]}

    def access_token(self, client: Client, *, grant: Grant) -> str:
        """A token of ten minutes."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": list(grant.audiences),
            "sub": client.client_id,
            "client_id": client.client_id,
            "scope": " ".join(grant.scopes),
            "env": self._environment,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + LIFETIME,
        }
        whose = {"org": client.org, "reporter": client.reporter}
        claims |= {name: value for name, value in whose.items() if value is not None}
        signing = self._ring.current().signing
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": signing.kid}, claims, signing.key)
