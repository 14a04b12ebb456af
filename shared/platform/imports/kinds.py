"""What a service says of the files it takes: whose they are, and for each kind the items and what to do with them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request

from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict


@dataclass(frozen=True)
class Batch:
    """Lines that are decided and written together, and on whose behalf."""

    job_id: UUID
    owner: str
    """Whose file it is: the SIREN of a holder, or the name of a reporter."""
    caller: Caller
    """Who sent it, with the rights it had then."""
    today: date
    items: list[Any]
    """The well-formed lines, in order."""
    refused: int = 0
    """How many other lines of the batch were not well-formed."""
    head: dict[str, Any] = field(default_factory=dict)
    """What was said of the whole file, as `say_head` kept it."""


Work = Callable[[Transaction, Batch], Awaitable[list[Verdict]]]
"""Decides and writes one batch; gives one verdict per item, in order."""


@dataclass(frozen=True)
class Kind:
    """One kind of file: the name in its path, the model of an item (or a union of models), and the work."""

    name: str
    summary: str
    item: Any
    work: Work
    head: Callable[..., Any] | None = None
    """A dependency of the route that checks what is said of the whole file, and calls `say_head`."""


@dataclass(frozen=True)
class Imports:
    """The kinds of a service, below a path that ends in `/imports`."""

    prefix: str
    owner: Callable[..., Any]
    """A dependency of every route: checks the caller's right and calls `say_owner`."""
    kinds: tuple[Kind, ...]

    def named(self, name: str) -> Kind:
        """The kind of a job."""
        return next(kind for kind in self.kinds if kind.name == name)


Address = Callable[[str, str], str]
"""Where something of an owner's imports is, e.g. of `("000000018", "/<id>/errors")`."""


def say_owner(request: Request, owner: str, *, address: Address) -> None:
    """Note whose imports a call is about, and where those of an owner are."""
    request.state.import_owner = owner
    request.state.import_address = address


def say_head(request: Request, head: dict[str, Any]) -> None:
    """Note what is said of the whole file: JSON, handed to the work with every batch."""
    request.state.import_head = head
