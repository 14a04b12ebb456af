"""The development identity provider: tokens as contracts say, errors as RFC 6749 says, and never in production."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from deploy.identity.app import create_app
from deploy.identity.clients import SCOPES_FILE
from deploy.identity.settings import Refused, settings_from
from deploy.local.place import PROJECT, SERVICES
from shared.kernel.identifiers import is_siren

ISSUER = "http://127.0.0.1:8100"
CLIENTS: list[dict[str, Any]] = json.loads((PROJECT / "deploy/identity/clients.json").read_text())


def _environment(folder: Path, **changed: str) -> dict[str, str]:
    return {
        "IDENTITY_ENVIRONMENT": "test",
        "IDENTITY_ISSUER": ISSUER,
        "IDENTITY_KEY_FILE": str(folder / "key.json"),
    } | changed


def _application(folder: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(settings_from(_environment(folder))))
    return httpx.AsyncClient(transport=transport, base_url=ISSUER)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with _application(tmp_path) as client:
        yield client


def _form(client: str, **fields: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": f"development-only-{client}",
    } | fields


async def _claims(provider: httpx.AsyncClient, form: dict[str, str]) -> dict[str, Any]:
    answer = await provider.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    keys = KeySet.import_key_set((await provider.get("/jwks")).json())
    return dict(jwt.decode(answer.json()["access_token"], keys, algorithms=["ES256"]).claims)


async def test_a_holder_receives_a_token_of_ten_minutes_with_its_siren(provider: httpx.AsyncClient) -> None:
    answer = await provider.post("/token", data=_form("holder-01"))
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    keys = (await provider.get("/jwks")).json()["keys"]
    header = jws.extract_compact(body["access_token"].encode()).headers()
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": keys[0]["kid"]}
    assert "d" not in keys[0]
    claims = await _claims(provider, _form("holder-01"))
    assert claims["exp"] - claims["iat"] == 600
    assert (claims["iss"], claims["sub"], claims["env"]) == (ISSUER, "holder-01", "test")
    assert claims["aud"] == list(SERVICES)
    assert claims["org"] == "000000018"
    assert claims["scope"].split() == CLIENTS[0]["scopes"]
    assert "reporter" not in claims


async def test_a_subset_of_scopes_names_only_the_services_where_it_counts(
    provider: httpx.AsyncClient,
) -> None:
    claims = await _claims(provider, _form("holder-01", scope="outcomes:write followup:backfill"))
    assert (claims["aud"], claims["scope"]) == (["followup"], "outcomes:write followup:backfill")
    reporter = await _claims(provider, _form("france-travail"))
    assert (reporter["aud"], reporter["reporter"]) == (["enrolment", "followup"], "france-travail")
    assert "org" not in reporter
    assert (await _claims(provider, _form("service-followup")))["aud"] == list(SERVICES)


async def test_every_token_has_its_own_number(provider: httpx.AsyncClient) -> None:
    first, second = [await _claims(provider, _form("statistician")) for _ in range(2)]
    assert first["jti"] != second["jti"]


async def test_basic_credentials_are_form_decoded(provider: httpx.AsyncClient) -> None:
    encoded = base64.b64encode(b"label%2Doffice:development%2Donly-label-office").decode()
    answer = await provider.post(
        "/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {encoded}"}
    )
    assert answer.json()["scope"].startswith("labelling:office")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (_form("holder-01", client_secret="wrong"), 401, "invalid_client"),
        (_form("nobody"), 401, "invalid_client"),
        (_form("nobody", client_secret=""), 401, "invalid_client"),
        (_form("holder-01", scope="labelling:office"), 400, "invalid_scope"),
        (_form("holder-01", scope="labelling:apply labelling:office"), 400, "invalid_scope"),
        (_form("holder-01", grant_type="password"), 400, "unsupported_grant_type"),
        (_form("holder-01", grant_type=""), 400, "invalid_request"),
        (_form("holder-01", padding="x" * 20_000), 413, "invalid_request"),
    ],
)
async def test_a_bad_request_is_refused(
    provider: httpx.AsyncClient, form: dict[str, str], status: int, error: str
) -> None:
    answer = await provider.post("/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_an_unknown_client_and_a_wrong_secret_look_the_same(provider: httpx.AsyncClient) -> None:
    answers = [
        await provider.post("/token", data=form)
        for form in (_form("nobody"), _form("holder-01", client_secret="wrong"))
    ]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({"Content-Type": "application/json"}, b"{}", "invalid_request"),
        ({}, b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ({}, b"grant_type=client_credentials&client_id=%FF", "invalid_request"),
        ({"Authorization": "Basic !!"}, b"grant_type=client_credentials", "invalid_client"),
        ({"Authorization": "Bearer x"}, b"grant_type=client_credentials", "invalid_client"),
        (
            {"Authorization": "Basic YTpi"},
            b"grant_type=client_credentials&client_secret=b",
            "invalid_request",
        ),
        ({"Authorization": "Basic YTpi"}, b"grant_type=client_credentials&client_id=c", "invalid_request"),
    ],
)
async def test_an_unreadable_request_is_refused(
    provider: httpx.AsyncClient, headers: dict[str, str], body: bytes, error: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await provider.post("/token", content=body, headers=form | headers)
    assert answer.json()["error"] == error
    if error == "invalid_client":
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_discovery_leads_to_the_keys_and_the_key_outlives_the_process(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        async with _application(tmp_path) as provider:
            document = (await provider.get("/.well-known/openid-configuration")).json()
            assert document["issuer"] == ISSUER
            assert document["token_endpoint"] == f"{ISSUER}/token"
            found.append((await provider.get(document["jwks_uri"])).json())
    assert found[0] == found[1]
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("environment", ["production", "", "staging", "Development"])
def test_it_refuses_every_environment_it_does_not_know(tmp_path: Path, environment: str) -> None:
    with pytest.raises(Refused, match="refuses to start"):
        settings_from(_environment(tmp_path, IDENTITY_ENVIRONMENT=environment))


def test_it_refuses_to_start_in_production_in_one_sentence(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "deploy.identity"],
        cwd=PROJECT,
        env=os.environ | _environment(tmp_path, IDENTITY_ENVIRONMENT="production"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("The development identity provider refuses to start")
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "key.json").exists()


def test_every_client_is_registered_with_scopes_of_its_audiences() -> None:
    names = [client["client_id"] for client in CLIENTS]
    holders = [f"holder-{number:02d}" for number in range(1, 13)]
    services = [f"service-{service}" for service in SERVICES]
    assert names == [
        *holders,
        "vendor-01",
        "label-office",
        "france-travail",
        "statistician",
        *services,
        "operator",
    ]
    scopes = json.loads(SCOPES_FILE.read_text())
    for client in CLIENTS:
        assert client["client_secret"] == f"development-only-{client['client_id']}"
        meant = {scopes[scope]["service"] for scope in client["scopes"]}
        assert meant == {"*"} or meant == set(client["audiences"]), client["client_id"]
    sirens = [client["org"] for client in CLIENTS if "org" in client]
    assert len(set(sirens)) == 13
    assert all(map(is_siren, sirens))
