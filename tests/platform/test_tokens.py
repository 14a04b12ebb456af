"""Access tokens: whatever is not exactly ours is refused, and never a crash."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.platform.edge.auth import IssuerKeys, KeysNotHad
from tests.platform.toy import is_problem
from tests.support.tokens import ISSUER, signing_key, token


def forged(**claims: Any) -> str:
    return token(scope="toy:write", **claims)


def sound_claims() -> dict[str, Any]:
    now = int(time.time())
    who = {"iss": ISSUER, "aud": ["labelling"], "sub": "x", "scope": "toy:write"}
    return who | {"iat": now, "exp": now + 600}


def by_hand(*, algorithm: str, key: bytes = b"") -> str:
    """A token as an attacker makes it: no library of ours would."""

    def part(content: bytes) -> str:
        return urlsafe_b64encode(content).rstrip(b"=").decode()

    header = json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": "test-key"}).encode()
    signed = f"{part(header)}.{part(json.dumps(sound_claims()).encode())}"
    return f"{signed}.{part(hmac.digest(key, signed.encode(), 'sha256')) if key else ''}"


def with_header(header: dict[str, Any]) -> str:
    encoded = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{encoded}.{token(scope='toy:write').split('.', 1)[1]}"


def signed_with(key: ECKey, *, kind: str = "at+jwt") -> str:
    return jwt.encode({"alg": "ES256", "typ": kind, "kid": "test-key"}, sound_claims(), key)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "a.b.c",
        forged(iss="http://elsewhere.test"),
        forged(aud=["enrolment"]),
        forged(aud=None),
        forged(exp=int(time.time()) - 60),
        forged(exp=None),
        forged(iat=int(time.time()) + 3600),
        forged(nbf=int(time.time()) + 3600),
        forged(sub=None),
        by_hand(algorithm="none"),
        with_header({"alg": "ES256", "typ": "at+jwt", "kid": []}),
        with_header({"alg": "ES256", "typ": "at+jwt", "kid": "test-key", "crit": 3}),
        "eyJhIjo" + "W1tb" * 1900 + ".x.x",
        by_hand(algorithm="HS256", key=signing_key().as_pem(private=False)),
        signed_with(ECKey.generate_key("P-256")),
        signed_with(signing_key(), kind="JWT"),
        "x" * 9000,
    ],
)
async def test_a_token_that_is_not_ours_is_refused(toy: httpx.AsyncClient, bad: str) -> None:
    answer = await toy.put("/v1/toys/1", json={"reference": "a"}, headers={"Authorization": f"Bearer {bad}"})
    is_problem(answer, 401, code="unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_issuer_that_gives_no_keys_is_a_matter_of_moments() -> None:
    for answer in (
        httpx.Response(200, text="<html>"),
        httpx.Response(500),
        httpx.Response(200, json={"x": 1}),
    ):
        transport = httpx.MockTransport(lambda _, answer=answer: answer)
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(KeysNotHad):
                await IssuerKeys("http://issuer.test/jwks", client=client).key_set("x")
