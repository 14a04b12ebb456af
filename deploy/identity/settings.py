"""Settings of the development identity provider, and the environments in which it consents to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENTS = ("development", "test")


class Refused(Exception):
    """A sentence for the operator: the provider does not start."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Environment of the provider, read with the prefix `IDENTITY_`."""

    environment: str
    host: str
    port: int
    issuer: str
    clients_file: Path
    key_file: Path


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Without an environment that it knows it refuses: its secrets are public."""
    named = environment.get("IDENTITY_ENVIRONMENT", "")
    if named not in ENVIRONMENTS:
        message = (
            f"The development identity provider refuses to start with IDENTITY_ENVIRONMENT={named!r}:"
            " its secrets are public, use a real OpenID Connect issuer."
        )
        raise Refused(message)
    port = environment.get("IDENTITY_PORT", "8100")
    if not port.isdigit():
        message = f"IDENTITY_PORT={port!r} is not a port."
        raise Refused(message)
    return Settings(
        environment=named,
        host=environment.get("IDENTITY_HOST", "127.0.0.1"),
        port=int(port),
        issuer=environment.get("IDENTITY_ISSUER", f"http://127.0.0.1:{port}").rstrip("/"),
        clients_file=Path(
            environment.get("IDENTITY_CLIENTS_FILE") or Path(__file__).with_name("clients.json")
        ),
        key_file=Path(environment.get("IDENTITY_KEY_FILE", "identity-key.json")),
    )
