"""What a request carries along: its id, its trace, the positions it reached."""

import re
from contextvars import ContextVar
from random import getrandbits
from uuid import UUID

# A UUID and nothing freer: what callers choose is logged and repeated, and a chosen word may name a person.
_REQUEST_ID = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

# Ids are drawn from the common generator: they are no secrets, and the system's costs a call to it each time.
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def enter(*, request_id: str | None, traceparent: str | None) -> str:
    """Begin a request; an id or trace that is not of the right form is replaced, never repeated in a log."""
    chosen = (
        request_id
        if request_id and _REQUEST_ID.fullmatch(request_id)
        else str(UUID(int=getrandbits(128), version=4))
    )
    _request_id.set(chosen)
    _traceparent.set(well_formed(traceparent) or _new_traceparent())
    return chosen


def well_formed(traceparent: str | None) -> str | None:
    """A caller's trace context, if it is one."""
    return traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None


def continue_trace(traceparent: str | None) -> None:
    """Take over the trace of an event that is being applied."""
    _traceparent.set(traceparent)


def current_request_id() -> str | None:
    """Id of the request being answered."""
    return _request_id.get()


def current_traceparent() -> str | None:
    """W3C trace context of the present work."""
    return _traceparent.get()


def _new_traceparent() -> str:
    return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-01"
