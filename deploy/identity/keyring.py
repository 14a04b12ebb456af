"""The signing keys of the provider and their rotation: first published, later signing, withdrawn last."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from shared.platform.edge.tokens import KEYS_FOR

ALGORITHM = "ES256"
LIFETIME = 600
"""Seconds an access token lives."""


class TooEarly(Exception):
    """A sentence for the operator: the step would refuse calls that are in order."""


@dataclass(frozen=True, kw_only=True)
class HeldKey:
    """A private key, since when it is published and since when it signs; instants in seconds since 1970."""

    key: ECKey
    published_at: int
    signs_since: int | None = None

    @property
    def kid(self) -> str:
        """Its name in tokens and in the key set: the thumbprint of RFC 7638."""
        return self.key.thumbprint()

    def public(self) -> dict[str, Any]:
        """What everybody may know of it."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": ALGORITHM}


@dataclass(frozen=True)
class Keyring:
    """The published keys, oldest first; the last one that signs is the one that signs now."""

    keys: tuple[HeldKey, ...]

    @property
    def signing(self) -> HeldKey:
        """The key of new tokens."""
        return [held for held in self.keys if held.signs_since is not None][-1]


def new_ring(now: int) -> Keyring:
    """One key, which signs."""
    return Keyring((HeldKey(key=_new_key(), published_at=now, signs_since=now),))


def publish(ring: Keyring, *, now: int) -> Keyring:
    """One more key in the set, which signs nothing yet. Raises TooEarly while another one waits."""
    if ring.keys[-1].signs_since is None:
        raise TooEarly("A published key does not sign yet: sign first.")
    return Keyring((*ring.keys, HeldKey(key=_new_key(), published_at=now)))


def sign(ring: Keyring, *, now: int) -> Keyring:
    """Sign with the newest key. Raises TooEarly until each service has had the time to fetch it."""
    newest = ring.keys[-1]
    if newest.signs_since is not None:
        raise TooEarly("No key waits to sign: publish first.")
    if now < newest.published_at + KEYS_FOR:
        raise TooEarly(f"Services fetch the keys each {KEYS_FOR} s: the new one is not with all of them.")
    return Keyring((*ring.keys[:-1], replace(newest, signs_since=now)))


def withdraw(ring: Keyring, *, now: int) -> Keyring:
    """Keep the signing key alone. Raises TooEarly while tokens of an older one may live."""
    since = ring.signing.signs_since or 0
    if now < since + LIFETIME:
        raise TooEarly(f"Tokens of the old key live {LIFETIME} s. Was it stolen: use `stolen`.")
    return Keyring((ring.signing,))


def stolen(_: Keyring, *, now: int) -> Keyring:
    """Another key at once and nothing else: every token issued so far is refused within a minute."""
    return new_ring(now)


STEPS: dict[str, Callable[..., Keyring]] = {
    "publish": publish,
    "sign": sign,
    "withdraw": withdraw,
    "stolen": stolen,
}


class KeyringFile:
    """The ring as it is kept between two starts; a change of the file is seen at the next token."""

    def __init__(self, path: Path, *, now: int) -> None:
        self._path = path
        if not path.exists():
            self.save(new_ring(now))
        self._read = self._mark(), self.load()

    def current(self) -> Keyring:
        """The ring of the file, read again only when somebody turned it."""
        mark, ring = self._read
        if mark != self._mark():
            self._read = self._mark(), (ring := self.load())
        return ring

    def load(self) -> Keyring:
        """What is in the file; a file of one bare key, as earlier versions wrote it, is a ring of one."""
        found = json.loads(self._path.read_text(encoding="ascii"))
        listed = found if isinstance(found, list) else [{"key": found, "published_at": 0, "signs_since": 0}]
        return Keyring(tuple(HeldKey(**{**each, "key": ECKey.import_key(each["key"])}) for each in listed))

    def save(self, ring: Keyring) -> None:
        """Write the ring beside and put it in place, readable by its owner only."""
        draft = self._path.with_name(f"{self._path.name}.draft")
        draft.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as stream:
            json.dump([_written(held) for held in ring.keys], stream)
        draft.replace(self._path)

    def _mark(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_ino, status.st_mtime_ns


def _written(held: HeldKey) -> dict[str, Any]:
    return {
        "key": held.key.as_dict(private=True),
        "published_at": held.published_at,
        "signs_since": held.signs_since,
    }


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", private=True)
