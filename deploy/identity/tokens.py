"""The signing key, kept between two starts, and the access tokens it signs (RFC 9068)."""

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.identity.clients import Client, Grant

LIFETIME = 600
ALGORITHM = "ES256"


def load_key(path: Path) -> ECKey:
    """The private key of the file; made at the first start, readable by its owner only."""
    if not path.exists():
        key = ECKey.generate_key("P-256", private=True)
        draft = path.with_name(f"{path.name}.draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as stream:
            json.dump(key.as_dict(private=True), stream)
        draft.replace(path)
    return ECKey.import_key(json.loads(path.read_text(encoding="ascii")))


class Signer:
    """Signs tokens of one issuer."""

    def __init__(self, key: ECKey, *, issuer: str, environment: str) -> None:
        self._key = key
        self._kid = key.thumbprint()
        self._issuer = issuer
        self._environment = environment

    def public_keys(self) -> dict[str, Any]:
        """The key set that services verify with."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": ALGORITHM}]}

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
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": self._kid}, claims, self._key)
