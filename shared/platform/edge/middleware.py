"""The outermost layer of HTTP: request id, trace, positions reached, one log line and one measure per request."""

import time
from functools import lru_cache
from http import HTTPStatus

import structlog
from fastapi import Request
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.errors import Rule
from shared.platform import request_context
from shared.platform.edge.problems import BUSY, HEADERS_TOO_LARGE, URI_TOO_LONG, bug_answer, problem
from shared.platform.event_log import Position
from shared.platform.metrics import REQUEST_SECONDS
from shared.platform.tracing import TRACING, finish_request

log = structlog.get_logger()

MAX_BYTES = 4 * 1024 * 1024
"""Largest body of any route that does not say otherwise in `request.state.max_bytes`."""
MAX_ADDRESS = 8 * 1024
"""Longest path with its query, in bytes."""
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
MAX_CALLS = 300
"""Calls under way at once in one process; probes are answered beyond it."""
_PROBES = frozenset({"/livez", "/startupz", "/readyz", "/exchangez", "/metrics"})
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Edge:
    """ASGI middleware. What escapes the routes becomes a problem here, so that it has an id like the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0917 - ASGI's signature
        """Serve one request; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # A GET whose body stays here: the server, which has the scope as it was, sends headers alone.
            scope = {**scope, "method": "GET"}
        exchange = _Exchange(scope, send)
        self._under_way += 1
        try:
            if (refused := self._refused(scope)) is not None:
                status, rule, headers = refused
                await problem(Request(scope), status, rule=rule, headers=headers)(
                    scope, receive, exchange.send
                )
                return
            await self._app(scope, _bounded(receive, scope), exchange.send)
        except Exception as error:  # noqa: BLE001 - the last resort, logged by bug_answer
            answer = bug_answer(Request(scope), error)
            if exchange.status is None:
                await answer(scope, receive, exchange.send)
        finally:
            self._under_way -= 1
            exchange.close()

    def _refused(self, scope: Scope) -> tuple[int, Rule, dict[str, str] | None] | None:
        """What is refused before anything is looked at: one call too many, 414 or 431."""
        if self._under_way > MAX_CALLS and scope["path"] not in _PROBES:
            return HTTPStatus.SERVICE_UNAVAILABLE, BUSY, {"Retry-After": "1"}
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_ADDRESS:
            return HTTPStatus.REQUEST_URI_TOO_LONG, URI_TOO_LONG, None
        headers = scope["headers"]
        size = sum(len(name) + len(value) for name, value in headers)
        if len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HEADERS_TOO_LARGE, None
        return None


def _bounded(receive: Receive, scope: Scope) -> Receive:
    """The request's messages, up to as many bytes of body as allowed, as really received."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > scope["state"].get("max_bytes", MAX_BYTES):
            # The framework turns any other error met while reading a body into 400.
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return bounded


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        headers = {
            name: value for name, value in scope["headers"] if name in {b"x-request-id", b"traceparent"}
        }
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()
        self.status: int | None = None
        self._positions: list[Position] = []
        self._headers: dict[str, str] = {}
        scope.setdefault("state", {}).update(positions=self._positions, headers=self._headers)
        traceparent = _text(headers.get(b"traceparent"))
        self._request_id = request_context.enter(
            request_id=_text(headers.get(b"x-request-id")), traceparent=traceparent
        )
        self._span = TRACING.request(scope["method"], parent=request_context.well_formed(traceparent))

    async def send(self, message: Message) -> None:
        """Pass the answer on, with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", self._request_id.encode()),
                *SECURITY_HEADERS,
                *((name.lower().encode(), value.encode()) for name, value in self._headers.items()),
            ]
            if self._positions:
                reached = ", ".join(str(position) for position in _last_of_each(self._positions))
                message["headers"].append((b"tremplin-position", reached.encode()))
        await self._send(message)

    def close(self) -> None:
        """Measure and log; the route's template, never the path, which may hold a caller's own words."""
        seconds = time.perf_counter() - self._started
        route = getattr(self._scope.get("route"), "path", None)
        status = self.status or 499
        _measure(self._scope["method"], route or "-", status).observe(seconds)
        if self._span is not None:
            finish_request(self._span, route=route, status=status)
        if self._scope["path"] not in _PROBES:
            log.info(
                "request.answered",
                method=self._scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                client_id=self._scope["state"].get("client_id"),
            )


@lru_cache(maxsize=4096)
def _measure(method: str, route: str, status: int) -> Histogram:  # noqa: PLR0917 - the cache's key
    """The series of one kind of call; the library looks it up under a lock each time."""
    return REQUEST_SECONDS.labels(method, route, str(status))


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value else None


def _last_of_each(positions: list[Position]) -> list[Position]:
    last = {(position.service, position.partition): position for position in sorted(positions)}
    return list(last.values())
