"""Who may ask for tokens: the clients of the data file and what each may be granted."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import KeySet

SCOPES_FILE = Path(__file__).resolve().parents[2] / "shared" / "platform" / "edge" / "scopes.json"
EVERY_SERVICE = "*"
KEYS_FILE = Path(__file__).with_name("client_keys.json")
"""Public keys of the clients that sign assertions: two at most each, so that one can follow the other."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """One registered client."""

    client_id: str
    client_secret: str
    audiences: tuple[str, ...]
    scopes: tuple[str, ...]
    org: str | None = None
    reporter: str | None = None
    keys: KeySet | None = None


@dataclass(frozen=True)
class Grant:
    """What one token gives: scopes, and exactly the services in which they mean something."""

    scopes: tuple[str, ...]
    audiences: tuple[str, ...]


class Register:
    """The clients of one file."""

    def __init__(self, clients: Mapping[str, Client], *, services: Mapping[str, str]) -> None:
        self._clients = clients
        self._services = services

    def find(self, client_id: str) -> Client | None:
        """The client of a name."""
        return self._clients.get(client_id)

    def authenticate(self, client_id: str, *, secret: str) -> Client | None:
        """The client if its secret is right; an unknown name takes as long as a wrong secret."""
        client = self._clients.get(client_id)
        expected = client.client_secret if client else ""
        right = hmac.compare_digest(expected.encode(), secret.encode())
        return client if right and client else None

    def grant(self, client: Client, *, asked: tuple[str, ...]) -> Grant | None:
        """The scopes asked for, or all of the client's; None if one of them is not its own."""
        scopes = tuple(scope for scope in client.scopes if scope in asked) if asked else client.scopes
        if not scopes or not set(asked) <= set(client.scopes):
            return None
        services = {self._services[scope] for scope in scopes}
        audiences = tuple(
            audience for audience in client.audiences if audience in services or EVERY_SERVICE in services
        )
        return Grant(scopes, audiences)


def load_register(clients_file: Path) -> Register:
    """Read the clients. A scope that does not exist fails here, not at the first token."""
    scopes = json.loads(SCOPES_FILE.read_text(encoding="utf-8"))
    services = {scope: entry["service"] for scope, entry in scopes.items()}
    keys = json.loads(KEYS_FILE.read_text(encoding="utf-8"))
    clients = {}
    for entry in json.loads(clients_file.read_text(encoding="utf-8")):
        listed = {name: tuple(entry[name]) for name in ("audiences", "scopes")}
        public = keys.get(entry["client_id"])
        client = Client(**{**entry, **listed}, keys=public and KeySet.import_key_set(public))
        unknown = [scope for scope in client.scopes if scope not in services]
        if unknown:
            message = (
                f"{client.client_id} has scopes that {SCOPES_FILE.name} does not list: {', '.join(unknown)}"
            )
            raise ValueError(message)
        clients[client.client_id] = client
    return Register(clients, services=services)
