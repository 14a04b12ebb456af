"""Keys of those who may connect to the broker; the server knows public keys only."""

import os
from collections.abc import Iterable
from pathlib import Path

import nkeys


def new_seed() -> str:
    """A fresh private seed of a user."""
    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)).decode()


def public_key(seed: str) -> str:
    """The public key that belongs to a seed."""
    return bytes(nkeys.from_seed(bytearray(seed.strip().encode())).public_key).decode()


def seeds_in(folder: Path, *, identities: Iterable[str]) -> dict[str, str]:
    """Public key of each identity; a seed file that is missing is made, readable by its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {identity: public_key(_seed(folder / f"{identity}.seed")) for identity in identities}


def _seed(path: Path) -> str:
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as stream:
            stream.write(new_seed() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    return path.read_text(encoding="ascii")
