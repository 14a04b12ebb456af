"""The provider's three pages: tokens, public keys, discovery."""

import time
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from deploy.identity.assertions import Assertions
from deploy.identity.clients import Client, Register, load_register
from deploy.identity.keyring import ALGORITHM, LIFETIME, KeyringFile
from deploy.identity.settings import Settings
from deploy.identity.token_request import LONGEST_BODY, TokenRefused, TokenRequest, read_token_request
from deploy.identity.tokens import Signer

_NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def create_app(settings: Settings) -> FastAPI:
    """The application, with its clients read and its key at hand."""
    register = load_register(settings.clients_file)
    assertions = Assertions(register, issuer=settings.issuer)
    ring = KeyringFile(settings.key_file, now=int(time.time()))
    signer = Signer(ring, issuer=settings.issuer, environment=settings.environment)
    app = FastAPI(title="Identity provider for development", openapi_url=None, redirect_slashes=False)

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        asked = await _read(request)
        client = _authenticated(asked, register=register, assertions=assertions)
        return JSONResponse(_issue(client, asked, register=register, signer=signer), headers=_NEVER_KEPT)

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return signer.public_keys()

    @app.get("/.well-known/oauth-authorization-server")
    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return _discovery(settings.issuer)

    app.add_exception_handler(TokenRefused, _refusal)
    return app


async def _read(request: Request) -> TokenRequest:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise TokenRefused("invalid_request", "The body is too long.", status=413)
    return read_token_request(
        body,
        content_type=request.headers.get("content-type", ""),
        authorization=request.headers.get("authorization"),
    )


def _authenticated(asked: TokenRequest, *, register: Register, assertions: Assertions) -> Client:
    if asked.assertion is not None:
        client = assertions.client(asked.assertion, named=asked.client_id)
    else:
        client = register.authenticate(asked.client_id or "", secret=asked.client_secret or "")
    if client is None:
        raise TokenRefused("invalid_client", "Unknown client, wrong secret or unsound assertion.", status=401)
    return client


def _issue(client: Client, asked: TokenRequest, *, register: Register, signer: Signer) -> dict[str, Any]:
    grant = register.grant(client, asked=asked.scopes)
    if grant is None:
        raise TokenRefused("invalid_scope", "A scope is not granted to this client.")
    return {
        "access_token": signer.access_token(client, grant=grant),
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "scope": " ".join(grant.scopes),
    }


async def _refusal(request: Request, refused: Exception) -> JSONResponse:
    assert isinstance(refused, TokenRefused)  # noqa: S101 - registered for this class only
    headers = dict(_NEVER_KEPT)
    if refused.status == 401 and "authorization" in request.headers:  # noqa: PLR2004 - RFC 6749, 5.2
        headers["WWW-Authenticate"] = 'Basic realm="tremplin"'
    content = {"error": refused.error, "error_description": refused.description}
    return JSONResponse(content, status_code=refused.status, headers=headers)


def _discovery(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "id_token_signing_alg_values_supported": [ALGORITHM],
    }
