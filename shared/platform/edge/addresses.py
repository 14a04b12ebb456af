"""Addresses of ours as the caller sees them: behind the proxy, below the name of the service."""

import re
from typing import Final

from fastapi import Request

_PREFIX: Final = re.compile(r"/[a-z]{1,40}", re.ASCII)


def public(request: Request, path: str) -> str:
    """A path of this service as it is to be called; `X-Forwarded-Prefix` of the proxy goes before it."""
    prefix = request.headers.get("x-forwarded-prefix", "")
    return (prefix if _PREFIX.fullmatch(prefix) else "") + path
