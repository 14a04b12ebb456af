"""The realm that Keycloak imports: a client scope per scope of ours, clients with the claims services read.

Keycloak replaces ${NAME} by its environment while it imports, and imports a realm once: later changes are
made in Keycloak.
"""

import json
from pathlib import Path
from typing import Any

from shared.platform.topology import SPEAKERS

NAME = "tremplin"
TOKEN_SECONDS = 600

_ROOT = Path(__file__).resolve().parents[2]
_EVERY_SERVICE = "*"
_OPENID = "openid-connect"

Json = dict[str, Any]


def scopes() -> dict[str, dict[str, str]]:
    """The scopes of the project: name to service and description."""
    found: dict[str, dict[str, str]] = json.loads(_read("shared/platform/edge/scopes.json"))
    return found


def clients() -> list[Json]:
    """The clients of development."""
    found: list[Json] = json.loads(_read("deploy/identity/clients.json"))
    return found


def audiences(granted: list[str]) -> set[str]:
    """Services in which at least one of the scopes means something."""
    services = {scopes()[scope]["service"] for scope in granted}
    return set(SPEAKERS) if _EVERY_SERVICE in services else services


def render(*, development: bool) -> str:
    """The realm as Keycloak's import reads it; in production only the services are its clients."""
    known = [client for client in clients() if development or _is_service(client)]
    realm = {
        "realm": NAME,
        "enabled": True,
        "displayName": "Tremplin",
        "sslRequired": "external",
        "registrationAllowed": False,
        "bruteForceProtected": True,
        "defaultSignatureAlgorithm": "ES256",
        "accessTokenLifespan": TOKEN_SECONDS,
        "components": {"org.keycloak.keys.KeyProvider": _keys()},
        "clientScopes": [_client_scope(name, about=about) for name, about in scopes().items()],
        "defaultDefaultClientScopes": [],
        "defaultOptionalClientScopes": [],
        "clients": [_client(client) for client in known],
    }
    return json.dumps(realm, ensure_ascii=False, indent=1) + "\n"


def _read(place: str) -> str:
    return (_ROOT / place).read_text(encoding="utf-8")


def _is_service(client: Json) -> bool:
    return str(client["client_id"]).removeprefix("service-") in SPEAKERS


def _keys() -> list[Json]:
    """The key of tokens and the two that Keycloak needs for itself; it makes all three."""
    signing = {"ecdsaEllipticCurveKey": ["P-256"]}
    return [
        _key("es256", provider="ecdsa-generated", config=signing),
        _key("hmac", provider="hmac-generated", config={"algorithm": ["HS512"]}),
        _key("aes", provider="aes-generated", config={}),
    ]


def _key(name: str, *, provider: str, config: Json) -> Json:
    return {
        "name": name,
        "providerId": provider,
        "subComponents": {},
        "config": {"priority": ["100"], "enabled": ["true"], "active": ["true"], **config},
    }


def _client_scope(name: str, *, about: dict[str, str]) -> Json:
    """A scope brings its service as audience, so that `aud` lists exactly the services granted."""
    return {
        "name": name,
        "description": about["description"],
        "protocol": _OPENID,
        "attributes": {"include.in.token.scope": "true", "display.on.consent.screen": "false"},
        "protocolMappers": [_audience(service) for service in sorted(audiences([name]))],
    }


def _client(client: Json) -> Json:
    name = client["client_id"]
    claims = {"sub": name, "client_id": name, "env": "${ENVIRONMENT}"}
    claims |= {claim: client[claim] for claim in ("org", "reporter") if claim in client}
    return {
        "clientId": name,
        "secret": _secret(client),
        "protocol": _OPENID,
        "clientAuthenticatorType": "client-secret",
        "publicClient": False,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "fullScopeAllowed": False,
        "attributes": {
            # Since Keycloak 26.2; without it the header says `JWT`, which the services refuse.
            "access.token.header.type.rfc9068": "true",
            "access.token.signed.response.alg": "ES256",
            "client_credentials.use_refresh_token": "false",
        },
        "defaultClientScopes": client["scopes"],
        "optionalClientScopes": [],
        "protocolMappers": [_claim(claim, value=value) for claim, value in claims.items()],
    }


def _secret(client: Json) -> str:
    """Services share theirs with compose; the other clients exist in development only."""
    if _is_service(client):
        service = client["client_id"].removeprefix("service-")
        return f"${{{service.upper()}_FEED_SECRET}}"
    return str(client["client_secret"])


def _claim(claim: str, *, value: str) -> Json:
    config = {"claim.name": claim, "claim.value": value, "jsonType.label": "String"}
    return _mapper(claim, kind="oidc-hardcoded-claim-mapper", config=config)


def _audience(service: str) -> Json:
    config = {"included.custom.audience": service}
    return _mapper(f"audience {service}", kind="oidc-audience-mapper", config=config)


def _mapper(name: str, *, kind: str, config: Json) -> Json:
    tokens = {"access.token.claim": "true", "id.token.claim": "false"}
    return {"name": name, "protocol": _OPENID, "protocolMapper": kind, "config": {**config, **tokens}}
