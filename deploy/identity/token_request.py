"""Reading a token request (RFC 6749): form body, client authentication by form, Basic or assertion, scopes."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from deploy.identity.assertions import ASSERTION_TYPE

LONGEST_BODY = 16 * 1024
FORM = "application/x-www-form-urlencoded"
_ONE_WAY = "Use one way to authenticate: Basic, the form or an assertion."


class TokenRefused(Exception):
    """An error of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """Who asks for what: a name with its secret, or an assertion, beside which the name may be left out."""

    client_id: str | None
    client_secret: str | None
    assertion: str | None
    scopes: tuple[str, ...]


def read_token_request(body: bytes, *, content_type: str, authorization: str | None) -> TokenRequest:
    """Check the form and find the client's credentials in exactly one of their two places."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", f"The body must be {FORM}.")
    form = _fields(body)
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise TokenRefused("invalid_request", "grant_type is missing.")
    if grant_type != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "Only client_credentials is served.")
    scopes = tuple(form.get("scope", "").split())
    if "client_assertion" in form or "client_assertion_type" in form:
        return _asserted(form, authorization=authorization, scopes=scopes)
    name, secret = _with_secret(form, authorization=authorization)
    return TokenRequest(client_id=name, client_secret=secret, assertion=None, scopes=scopes)


def _asserted(form: dict[str, str], *, authorization: str | None, scopes: tuple[str, ...]) -> TokenRequest:
    if authorization is not None or "client_secret" in form:
        raise TokenRefused("invalid_request", _ONE_WAY)
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenRefused("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}.")
    if "client_assertion" not in form:
        raise TokenRefused("invalid_request", "client_assertion is missing.")
    assertion = form["client_assertion"]
    return TokenRequest(
        client_id=form.get("client_id"), client_secret=None, assertion=assertion, scopes=scopes
    )


def _with_secret(form: dict[str, str], *, authorization: str | None) -> tuple[str, str]:
    if authorization is None:
        name, secret = form.get("client_id"), form.get("client_secret")
    elif "client_secret" in form:
        raise TokenRefused("invalid_request", _ONE_WAY)
    else:
        name, secret = _basic(authorization)
        if form.get("client_id", name) != name:
            raise TokenRefused("invalid_request", "client_id differs from the Basic credentials.")
    if not name or not secret:
        raise TokenRefused("invalid_client", "Client credentials are missing.", status=401)
    return name, secret


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), errors="strict"
        )
    except ValueError:
        raise TokenRefused("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("invalid_request", "A parameter is given twice.")
    # RFC 6749, 3.1: a parameter without a value counts as left out.
    return {name: value for name, value in form.items() if value}


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        scheme, name, colon, secret = "", "", "", ""
    if scheme.lower() != "basic" or not colon:
        raise TokenRefused("invalid_client", "The Authorization header cannot be read.", status=401)
    # RFC 6749, 2.3.1: both are form-encoded before they are joined.
    return unquote_plus(name), unquote_plus(secret)
