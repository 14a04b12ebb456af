"""What a running stack tells those who play on it over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Addresses and clients of a stack that is ready, and what its state was asked to hold."""

    state: str
    state_dir: Path
    urls: Mapping[str, str]
    """Base URL of `identity` and of each service, without a slash at the end."""
    clients: Mapping[str, str]
    """Secret of each client of the identity provider."""
    fixture: str | None
    seed: int
    plant: str | None = None
    once: bool = False
