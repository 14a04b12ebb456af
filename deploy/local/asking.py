"""Short questions to a running stack over HTTP, past any proxy."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from deploy.local import services
from deploy.local.place import Place

_PATIENCE = 5.0


def fetch_token(place: Place, *, client: str) -> str:
    """An access token with all the client's scopes. Raises OSError when nobody gives one."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": services.clients()[client],
    }
    body = urllib.parse.urlencode(form).encode()
    return str(_answer(f"{place.urls['identity']}/token", body=body)["access_token"])


def fetch_freshness(place: Place, *, service: str, token: str) -> dict[str, Any]:
    """What a service says of its log and of what it has heard. Raises OSError when it does not answer."""
    return _answer(f"{place.urls[service]}/v1/freshness", headers={"Authorization": f"Bearer {token}"})


def _answer(
    url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310 - our own http address
    # ProxyHandler({}) because a company's proxy cannot reach this machine's own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_PATIENCE) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
