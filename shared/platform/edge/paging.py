"""Pages of a list: so many rows after a key, and a cursor that only we can make, for the same question alone."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Query, Request

from shared.kernel.errors import Rule, Violation
from shared.platform.caller import Caller
from shared.platform.edge.fields import View
from shared.platform.edge.problems import ProblemError

INVALID_CURSOR = Rule(
    "invalid_cursor",
    fr="Curseur refusé : il n'est pas de cette question.",
    en="Cursor refused: it is not one of this question.",
)
_VERSION: Final = b"1"
_MAC_BYTES: Final = 16
_OF_THE_PAGE: Final = frozenset({"after", "limit", "at_least"})
"""Parameters that say which page is wanted, and not of what."""

PageView = TypeVar("PageView", bound=View)


class Cursors:
    """Makes and reads cursors; of two secrets the first makes, both read, so that one can follow the other."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets]

    def seal(self, key: str, *, question: bytes) -> str:
        """The cursor of a row, for one question."""
        signed = _mac(self._secrets[0], key.encode(), question=question) + key.encode()
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def open(self, cursor: str, *, question: bytes) -> str:
        """The key of the row. Raises ProblemError 400 when it is not ours, or is another question's."""
        try:
            signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            signed = b""
        mac, key = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(one, key, question=question)) for one in self._secrets):
            raise ProblemError(400, INVALID_CURSOR, (Violation(INVALID_CURSOR, "/after", "next"),))
        return key.decode()


def _mac(secret: bytes, key: bytes, *, question: bytes) -> bytes:
    return hmac.digest(secret, _VERSION + question + key, "sha256")[:_MAC_BYTES]


@dataclass(frozen=True)
class Paging:
    """The page that is wanted: at most `limit` rows after the row whose key is `after`."""

    limit: int
    after: str | None
    _cursors: Cursors
    _question: bytes

    def sealed(self, found: PageView) -> PageView:
        """What was found, its `next` turned from a key into a cursor."""
        following = getattr(found, "next")  # noqa: B009 - the field every page has
        if following is None:
            return found
        return found.model_copy(update={"next": self._cursors.seal(str(following), question=self._question)})


def page_of(*, default: int = 100, most: int = 500) -> Callable[..., Awaitable[Paging]]:
    """A dependency: the page that a call wants. Raises ProblemError 400 for a cursor that is not of this question."""

    async def read(  # noqa: PLR0917 - handed over by name
        request: Request,
        limit: Annotated[int, Query(ge=1, le=most, description="Most items of the answer.")] = default,
        after: Annotated[
            str | None,
            Query(
                min_length=1,
                max_length=400,
                pattern="^[A-Za-z0-9_-]+$",
                description="`next` of the page before.",
            ),
        ] = None,
    ) -> Paging:
        cursors: Cursors = request.app.state.cursors
        question = _question(request)
        key = cursors.open(after, question=question) if after is not None else None
        return Paging(limit, key, cursors, question)

    return read


def _question(request: Request) -> bytes:
    """A digest of what is asked, by whom: path, filters, and the organisation, reporter or client."""
    caller: Caller | None = getattr(request.state, "caller", None)
    who = (caller.org or caller.reporter or caller.client_id) if caller else ""
    filters = sorted(
        (name, value)
        for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if name not in _OF_THE_PAGE
    )
    asked: Any = (who, request.url.path, filters)
    return hashlib.sha256(repr(asked).encode()).digest()


Paged = Annotated[Paging, Depends(page_of())]
