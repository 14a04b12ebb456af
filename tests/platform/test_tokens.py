"""Access tokens: whatever is not exactly ours is refused, and never a crash."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.platform.edge.tokens import IssuerKeys, KeysNotHad, TokenRefused, Verifier
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


def signed(**claims: Any) -> str:
    """Claims that our own helper would not write."""
    content = sound_claims() | {"env": "test"} | claims
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "test-key"}, content, signing_key())


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
        forged(sub=""),
        forged(sub=7),
        forged(env="production"),
        forged(env=None),
        forged(env=["test"]),
        forged(exp=True),
        forged(exp="9999999999"),
        forged(exp=[9999999999]),
        forged(iat=True, exp=True),
        forged(iat=None),
        forged(iat="0"),
        forged(iat=int(time.time()) + 86_400),
        forged(nbf="0"),
        forged(nbf=True),
        forged(aud={"labelling": 1}),
        forged(aud=[]),
        forged(aud=7),
        signed(scope=["toy:write"]),
        signed(scope=7),
        forged(org="123456789"),
        forged(org=7),
        forged(reporter=["france-travail"]),
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


async def test_what_the_forged_ones_are_made_from_is_good(toy: httpx.AsyncClient) -> None:
    for good in (signed(), forged()):
        given = {"Authorization": f"Bearer {good}"}
        assert (await toy.put("/v1/toys/1", json={"reference": "a"}, headers=given)).status_code == 200


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


def jwks_of(*keys: ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def key_of(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid, "alg": "ES256", "use": "sig"})


class Issuer:
    """An issuer whose keys change under the verifier, and a clock that the cache of keys goes by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = [key_of("first")]
        self.asked = 0
        self.seconds = 0.0
        self.away = False
        monkeypatch.setattr("shared.platform.edge.tokens.time.monotonic", lambda: self.seconds)

    def answer(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(503) if self.away else httpx.Response(200, json=jwks_of(*self.keys))

    def sign(self, key: ECKey) -> str:
        claims = sound_claims() | {"env": "test"}
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key)

    def verifier(self) -> Verifier:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        keys = IssuerKeys("http://issuer.test/jwks", client=client)
        return Verifier(keys, issuer=ISSUER, audience="labelling", environment="test")


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    return Issuer(monkeypatch)


async def test_a_token_of_a_key_that_was_withdrawn_is_refused_within_the_minute(issuer: Issuer) -> None:
    verifier, old = issuer.verifier(), issuer.keys[0]
    of_old = issuer.sign(old)
    assert (await verifier.verify(of_old)).client_id == "x"
    issuer.keys = [key_of("second")]
    issuer.seconds += 59
    await verifier.verify(of_old)
    issuer.seconds += 2
    with pytest.raises(TokenRefused):
        await verifier.verify(of_old)


async def test_a_rotation_that_publishes_first_loses_no_call(issuer: Issuer) -> None:
    verifier, old, new = issuer.verifier(), issuer.keys[0], key_of("second")
    of_old = issuer.sign(old)
    await verifier.verify(of_old)
    issuer.keys = [old, new]
    issuer.seconds += 61
    await verifier.verify(of_old)
    await verifier.verify(issuer.sign(new))
    await verifier.verify(of_old)
    issuer.keys = [new]
    issuer.seconds += 600
    await verifier.verify(issuer.sign(new))


async def test_keys_that_stay_the_same_cost_no_second_look(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = issuer.verifier()
    good = issuer.sign(issuer.keys[0])
    await verifier.verify(good)
    monkeypatch.setattr(
        "shared.platform.edge.tokens.jwt.decode", lambda *_, **__: pytest.fail("looked again")
    )
    for _ in range(3):
        issuer.seconds += 61
        await verifier.verify(good)
    assert issuer.asked == 4


async def test_a_thousand_unknown_keys_are_asked_for_once_in_thirty_seconds(issuer: Issuer) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.sign(issuer.keys[0]))
    for number in range(1000):
        with pytest.raises(TokenRefused):
            await verifier.verify(issuer.sign(key_of(f"unknown-{number}")))
    issuer.seconds += 31
    with pytest.raises(TokenRefused):
        await verifier.verify(issuer.sign(key_of("unknown")))
    assert issuer.asked == 2


async def test_while_the_issuer_is_away_its_keys_serve_for_an_hour(issuer: Issuer) -> None:
    verifier = issuer.verifier()
    good = issuer.sign(issuer.keys[0])
    await verifier.verify(good)
    issuer.away = True
    issuer.seconds += 3000
    await verifier.verify(good)
    issuer.seconds += 700
    with pytest.raises(KeysNotHad):
        await verifier.verify(good)


def slow_keys(issuer: Issuer, *, answered: asyncio.Event) -> IssuerKeys:
    """Keys of an issuer that answers only when told to."""

    async def answer(request: httpx.Request) -> httpx.Response:
        await answered.wait()
        return issuer.answer(request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return IssuerKeys("http://issuer.test/jwks", client=client)


async def test_who_calls_while_the_first_keys_are_on_their_way_waits_for_them(issuer: Issuer) -> None:
    answered = asyncio.Event()
    keys = slow_keys(issuer, answered=answered)
    callers = [asyncio.create_task(keys.key_set("first")) for _ in range(3)]
    await asyncio.sleep(0)
    callers.append(asyncio.create_task(keys.key_set("first")))
    await asyncio.sleep(0)
    answered.set()
    assert len({id(found) for found in await asyncio.gather(*callers)}) == 1
    assert issuer.asked == 1


async def test_those_who_waited_in_vain_do_not_each_ask_again(issuer: Issuer) -> None:
    answered = asyncio.Event()
    keys, issuer.away = slow_keys(issuer, answered=answered), True
    callers = [asyncio.create_task(keys.key_set("first")) for _ in range(3)]
    await asyncio.sleep(0)
    issuer.seconds += 3
    answered.set()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(error) for error in found] == [KeysNotHad] * 3
    assert issuer.asked == 1
