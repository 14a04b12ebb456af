"""The rights matrix as data (`rights.yaml`), the roles as clients of development, and the page written from both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI
from fastapi.routing import APIRoute

from shared.platform.edge.routing import demanded_scopes, is_authenticated
from shared.platform.topology import SPEAKERS

_HERE: Final = Path(__file__).resolve()
_CLIENTS: Final = _HERE.parents[2] / "deploy" / "identity" / "clients.json"
COMMON: Final = "every service"
CLIENT_OF_ROLE: Final = {
    "holder": "holder-01",
    "office": "label-office",
    "reporter": "france-travail",
    "statistician": "statistician",
    "service": "service-indicators",
    "operator": "operator",
}
ROLES: Final = tuple(CLIENT_OF_ROLE)
ANYONE: Final = "anyone"
ANY_CLIENT: Final = "any client"
_HEAD: Final = """# Rights

Which scope an operation demands, and which kind of client may call it; *anyone* needs no token. Another client is
answered 401 by a service that its token does not name, 403 `insufficient_scope` elsewhere. What of a resource it may
see is a matter of its organisation or reporter, not of this table. This page is written by `make openapi` from
`tests/security/rights.yaml`, and each cell is tried on the real services (`tests/security/test_rights.py`).
"""


@dataclass(frozen=True)
class Right:
    """What an operation demands: at least one of the scopes, if there are any, and who has them."""

    scopes: tuple[str, ...]
    roles: tuple[str, ...]

    @property
    def is_public(self) -> bool:
        """Whether nobody has to say who calls."""
        return self.roles == (ANYONE,)

    def allows(self, role: str) -> bool:
        """Whether a client of the role may call, at a service that its token names."""
        return self.is_public or self.roles == (ANY_CLIENT,) or role in self.roles


@cache
def matrix() -> Mapping[str, Mapping[str, Right]]:
    """The rights, by service and operation; those of every service are in each of them."""
    written = yaml.safe_load(_HERE.with_name("rights.yaml").read_text(encoding="utf-8"))
    return {
        service: {
            operation: Right(tuple(line["scopes"]), tuple(line["roles"]))
            for operation, line in (written[COMMON] | written[service]).items()
        }
        for service in SPEAKERS
    }


@cache
def client_of(role: str) -> Mapping[str, Any]:
    """The client of development that stands for a role."""
    clients: list[dict[str, Any]] = json.loads(_CLIENTS.read_text(encoding="utf-8"))
    return next(client for client in clients if client["client_id"] == CLIENT_OF_ROLE[role])


def routes_of(app: FastAPI) -> dict[str, APIRoute]:
    """The routes of an application, by operation; one without an id by its path."""
    return {route.operation_id or route.path: route for route in app.routes if isinstance(route, APIRoute)}


def demanded(route: APIRoute) -> tuple[str, ...] | None:
    """The scopes of which a route demands one; None when it does not ask who calls."""
    if not is_authenticated(route.dependant):
        return None
    return tuple(scope for scopes in demanded_scopes(route.dependant) for scope in scopes)


def page() -> str:
    """The matrix as a page of the documentation."""
    written = yaml.safe_load(_HERE.with_name("rights.yaml").read_text(encoding="utf-8"))
    parts = [_HEAD]
    for section, lines in written.items():
        parts += [f"## {section.capitalize()}\n", _table(lines)]
    return "\n".join(parts)


def _table(lines: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    rows = []
    for operation, line in lines.items():
        scopes = " or ".join(f"`{scope}`" for scope in line["scopes"]) or "—"
        rows.append(f"| `{operation}` | {scopes} | {', '.join(line['roles'])} |")
    return "\n".join(("| Operation | Scope | Who |", "|---|---|---|", *rows)) + "\n"
