"""Keys at the development identity provider: clients that sign assertions, and its own keys as they rotate."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.identity.app import create_app
from deploy.identity.assertions import ASSERTION_TYPE
from deploy.identity.clients import load_register
from deploy.identity.keyring import (
    LIFETIME,
    STEPS,
    Keyring,
    KeyringFile,
    TooEarly,
    new_ring,
    publish,
    sign,
    withdraw,
)
from deploy.identity.settings import settings_from
from deploy.local.place import PROJECT
from shared.platform.edge.tokens import KEYS_FOR, IssuerKeys, TokenRefused, Verifier

ISSUER = "http://127.0.0.1:8100"
CLIENT = "france-travail"
KEY_FILE = PROJECT / "deploy/identity/development_only/france-travail.jwk.json"
KEY = ECKey.import_key(json.loads(KEY_FILE.read_text()))


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_from(
        {
            "IDENTITY_ENVIRONMENT": "test",
            "IDENTITY_ISSUER": ISSUER,
            "IDENTITY_KEY_FILE": str(tmp_path / "key.json"),
        }
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(settings)), base_url=ISSUER
    ) as client:
        yield client


_NUMBERS = iter(range(1_000_000))


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    sound = {"iss": CLIENT, "sub": CLIENT, "aud": f"{ISSUER}/token", "iat": now, "exp": now + 60}
    merged = sound | {"jti": f"number-{next(_NUMBERS)}"} | changed
    return {name: value for name, value in merged.items() if value is not None}


def assertion(key: ECKey = KEY, *, alg: str = "ES256", kid: str | None = None, **changed: Any) -> str:
    return jwt.encode({"alg": alg, "kid": kid or KEY.kid}, claims(**changed), key)


def form(given: str, **fields: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": given,
    } | fields


async def test_a_signed_assertion_opens_what_the_secret_opens(provider: httpx.AsyncClient) -> None:
    for audience in (ISSUER, f"{ISSUER}/token"):
        answer = await provider.post("/token", data=form(assertion(aud=audience)))
        assert answer.status_code == 200, answer.text
    named = await provider.post("/token", data=form(assertion(), client_id=CLIENT, scope="outcomes:write"))
    assert named.json()["scope"] == "outcomes:write"


async def test_an_assertion_is_good_once(provider: httpx.AsyncClient) -> None:
    once = form(assertion())
    answers = [(await provider.post("/token", data=once)).status_code for _ in range(2)]
    assert answers == [200, 401]


async def test_the_guide_makes_a_sound_one(provider: httpx.AsyncClient) -> None:
    guide = (PROJECT / "docs/how-to/tokens.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "tokens.md", "exec"), names)  # noqa: S102 - our own guide, as a reader runs it
    given = names["assertion"](KEY_FILE, client_id=CLIENT, token_endpoint=f"{ISSUER}/token")
    assert (await provider.post("/token", data=form(given))).status_code == 200


def bad_assertions() -> dict[str, str]:
    now = int(time.time())
    return {
        "of another key": assertion(ECKey.generate_key("P-256")),
        "of another client": assertion(sub="holder-01", iss="holder-01"),
        "in another's name": assertion(sub=CLIENT, iss="holder-01"),
        "for another issuer": assertion(aud="https://elsewhere.test/token"),
        "for several": assertion(aud=[ISSUER, "https://elsewhere.test"]),
        "over": assertion(exp=now - 60),
        "for too long": assertion(exp=now + 3600),
        "without an end": assertion(exp=None),
        "ends true": assertion(exp=True),
        "of tomorrow": assertion(iat=now + 86_400),
        "not yet": assertion(nbf=now + 3600),
        "without a number": assertion(jti=None),
        "with a long number": assertion(jti="x" * 200),
        "with a number that is none": assertion(jti=[7]),
        "of nobody": assertion(sub=[CLIENT]),
        "under no known key": assertion(kid="elsewhere"),
        "no token": "a.b.c",
        "no ascii": "é.é.é",
    }


@pytest.mark.parametrize("which", bad_assertions())
async def test_an_unsound_assertion_is_refused_like_a_wrong_secret(
    provider: httpx.AsyncClient, which: str
) -> None:
    answer = await provider.post("/token", data=form(bad_assertions()[which]))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_no_secret_stands_for_the_key_and_no_public_key_for_the_secret(
    provider: httpx.AsyncClient,
) -> None:
    public = json.dumps(KEY.as_dict(private=False))
    for secret in (public, KEY.as_pem(private=False).decode()):
        fields = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": secret}
        assert (await provider.post("/token", data=fields)).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": "development-only-france-travail"},
        {"client_assertion_type": "urn:elsewhere"},
        {"client_assertion_type": ""},
        {"client_assertion": ""},
    ],
)
async def test_two_ways_or_half_a_way_are_no_way(provider: httpx.AsyncClient, fields: dict[str, str]) -> None:
    answer = await provider.post("/token", data=form(assertion()) | fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_name_of_the_form_is_that_of_the_assertion(provider: httpx.AsyncClient) -> None:
    answer = await provider.post("/token", data=form(assertion(), client_id="holder-01"))
    assert answer.status_code == 401


async def test_discovery_says_so(provider: httpx.AsyncClient) -> None:
    document = (await provider.get("/.well-known/oauth-authorization-server")).json()
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["ES256"]


def test_the_registered_keys_are_public_and_two_at_most() -> None:
    listed = json.loads((PROJECT / "deploy/identity/client_keys.json").read_text())
    register = load_register(PROJECT / "deploy/identity/clients.json")
    for client_id, keys in listed.items():
        assert register.find(client_id), client_id
        assert 1 <= len(keys["keys"]) <= 2
        assert not any("d" in key for key in keys["keys"])
        assert all(key["kid"] for key in keys["keys"])


def test_steps_out_of_turn_are_refused() -> None:
    first = new_ring(now=0)
    with pytest.raises(TooEarly, match="publish first"):
        sign(first, now=9999)
    second = publish(first, now=0)
    with pytest.raises(TooEarly, match="sign first"):
        publish(second, now=1)
    with pytest.raises(TooEarly, match="not with all"):
        sign(second, now=KEYS_FOR - 1)
    third = sign(second, now=KEYS_FOR)
    with pytest.raises(TooEarly, match="Tokens of the old key"):
        withdraw(third, now=KEYS_FOR + LIFETIME - 1)
    assert withdraw(third, now=KEYS_FOR + LIFETIME).keys == (third.signing,)


def test_a_key_file_of_one_bare_key_is_a_ring_of_one(tmp_path: Path) -> None:
    bare = ECKey.generate_key("P-256", private=True)
    path = tmp_path / "key.json"
    path.write_text(json.dumps(bare.as_dict(private=True)))
    assert KeyringFile(path, now=0).current().signing.kid == bare.thumbprint()


class Clock:
    """The verifier's monotonic clock, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_rotation_loses_no_call_and_a_stolen_key_opens_nothing_after_a_minute(
    provider: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, file = Clock(), KeyringFile(tmp_path / "key.json", now=0)
    monkeypatch.setattr("shared.platform.edge.tokens.time.monotonic", clock)
    keys = IssuerKeys("/jwks", client=provider)
    verifier = Verifier(keys, issuer=ISSUER, audience="followup", environment="test")

    async def token() -> str:
        return str((await provider.post("/token", data=form(assertion()))).json()["access_token"])

    def turn(step: str, *, at: int) -> Keyring:
        file.save(turned := STEPS[step](file.load(), now=int(time.time()) + at))
        return turned

    tokens = [await token()]
    await verifier.verify(tokens[0])
    for step, at in (("publish", 0), ("sign", KEYS_FOR), ("withdraw", KEYS_FOR + LIFETIME)):
        turn(step, at=at)
        clock.seconds += KEYS_FOR + 1
        tokens.append(await token())
        lives = tokens if step != "withdraw" else tokens[2:]
        for each in lives:
            assert (await verifier.verify(each)).client_id == CLIENT
    assert len({each.split(".")[0] for each in tokens}) == 2
    turn("stolen", at=0)
    clock.seconds += KEYS_FOR + 1
    for each in tokens:
        with pytest.raises(TokenRefused):
            await verifier.verify(each)
    assert (await verifier.verify(await token())).client_id == CLIENT


def test_the_command_takes_a_step_or_says_why_not(tmp_path: Path) -> None:
    path = tmp_path / "key.json"

    def rotate(step: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.identity.rotate", step],
            cwd=PROJECT,
            env=os.environ | {"IDENTITY_KEY_FILE": str(path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert rotate("publish").returncode == 2
    KeyringFile(path, now=0)
    assert rotate("publish").stdout.startswith("2 published, ")
    early = rotate("sign")
    assert (early.returncode, early.stderr.count("\n")) == (3, 1)
    assert path.stat().st_mode & 0o777 == 0o600
