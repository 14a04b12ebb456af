"""What schemathesis is told inside its own process: who calls, and to count every answer.

Loaded by `SCHEMATHESIS_HOOKS`; `FUZZ_SERVICE`, `FUZZ_TOKENS` and `FUZZ_COUNTS` come from `__main__`.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import schemathesis

from tests.fuzz.clients import client_of

SERVICE = os.environ["FUZZ_SERVICE"]
RENEW = 300
"""Seconds a token is used; it lives 600."""
_counts: Counter[tuple[str, int]] = Counter()
_given: set[str] = set()
"""What was sent along; whatever else is in its place is a try of `ignored_auth`, which wants 401 and counts apart."""


@schemathesis.auth(
    refresh_interval=RENEW, cache_by_key=lambda case, _: client_of(SERVICE, case.operation.path)
)
class Tokens:
    """The access token of the client that may call the operation."""

    def get(self, case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
        """Ask the identity provider."""
        client = client_of(SERVICE, case.operation.path)
        answer = httpx.post(
            os.environ["FUZZ_TOKENS"],
            data={"grant_type": "client_credentials"},
            auth=(client, f"development-only-{client}"),
        )
        token = str(answer.raise_for_status().json()["access_token"])
        _given.add(f"Bearer {token}")
        return token

    def set(self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext) -> None:
        """Send it along."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def after_call(_context: Any, case: schemathesis.Case[Any], response: Any) -> None:
    """Count the answer."""
    if case.operation.security and response.request.headers.get("Authorization") not in _given:
        return
    operation = case.operation.definition.raw.get("operationId", case.operation.label)
    _counts[operation, response.status_code] += 1


@schemathesis.serializer("application/x-ndjson")
def as_ndjson(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The text as it is; anything else as one line of JSON."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", errors="surrogatepass")


def _write() -> None:
    found = [[operation, status, count] for (operation, status), count in sorted(_counts.items())]
    Path(os.environ["FUZZ_COUNTS"]).write_text(json.dumps(found), encoding="utf-8")


atexit.register(_write)
