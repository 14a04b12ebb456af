"""Files at rest: each under a key of its own, which is kept only wrapped by a secret that is not in the database."""

import os
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

CHUNK: Final = 256 * 1024
"""Bytes of a file that are sealed together; all but the last chunk are full, so that any place is found at once."""
_NONCE: Final = 12
_KEY: Final = 32
_PURPOSE: Final = b"tremplin: keys of import files"


class SealBroken(Exception):
    """What was read is not what was sealed here, or the secret has changed since."""


@dataclass(frozen=True)
class Seal:
    """The key of one file. Source: NIST SP 800-38D (GCM); a chunk's number is its nonce, used once under this key."""

    job_id: UUID
    key: bytes

    def close(self, number: int, plain: bytes) -> bytes:
        """A chunk as it is stored; it can be opened only as this number of this file."""
        return AESGCM(self.key).encrypt(self._nonce(number), plain, self.job_id.bytes)

    def open(self, number: int, sealed: bytes) -> bytes:
        """A chunk as it was. Raises SealBroken."""
        try:
            return AESGCM(self.key).decrypt(self._nonce(number), sealed, self.job_id.bytes)
        except InvalidTag:
            raise SealBroken from None

    @staticmethod
    def _nonce(number: int) -> bytes:
        return number.to_bytes(_NONCE, "big")


class Keys:
    """Makes, wraps and unwraps the keys of files."""

    def __init__(self, secret: SecretStr) -> None:
        derive = HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=_PURPOSE)
        self._wrapper = AESGCM(derive.derive(secret.get_secret_value().encode()))

    def new(self, job_id: UUID) -> Seal:
        """A fresh key for a file."""
        return Seal(job_id, AESGCM.generate_key(_KEY * 8))

    def wrap(self, seal: Seal) -> bytes:
        """The key as it is stored."""
        nonce = os.urandom(_NONCE)
        return nonce + self._wrapper.encrypt(nonce, seal.key, seal.job_id.bytes)

    def unwrap(self, job_id: UUID, wrapped: bytes) -> Seal:
        """The key of a file. Raises SealBroken."""
        try:
            return Seal(job_id, self._wrapper.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], job_id.bytes))
        except InvalidTag:
            raise SealBroken from None
