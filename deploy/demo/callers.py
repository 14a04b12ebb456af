"""Who calls the services: each client with its own token, over one connection pool."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, TypeVar

import httpx

from deploy.demo.failures import Stopped

Item = TypeVar("Item")
Result = TypeVar("Result")
Positions = dict[str, dict[str, int]]
"""Number reached by service and partition."""

_PATIENCE: Final = 60.0
_AT_ONCE: Final = 4
_BULK: Final = 1000
_RENEW_BEFORE: Final = 60.0
_PAUSE: Final = 0.2
_LATER: Final = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass
class Line:
    """The connections that all callers share, and how far their writes went."""

    http: httpx.AsyncClient
    urls: Mapping[str, str]
    reached: Positions = field(default_factory=dict)

    def note(self, answer: httpx.Response) -> None:
        """Remember the positions that a write was given."""
        for part in filter(None, answer.headers.get("tremplin-position", "").split(",")):
            service, partition, number = part.strip().split("/")
            held = self.reached.setdefault(service, {})
            held[partition] = max(held.get(partition, 0), int(number))

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer, asked for again while the service cannot give one. Every write of ours can be repeated."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = await self.http.send(request)
            except httpx.TransportError as error:
                fault, pause = f"{request.url} does not answer ({type(error).__name__}).", _PAUSE
            else:
                if answer.status_code not in _LATER:
                    return answer
                fault = f"{request.url} was not ready within {_PATIENCE:.0f} s: {told(answer)}"
                pause = float(answer.headers.get("retry-after", _PAUSE))
            if time.monotonic() + pause > deadline:
                raise Stopped(fault)
            await asyncio.sleep(pause)


class Caller:
    """One client of the identity provider."""

    def __init__(self, client_id: str, *, secret: str, line: Line) -> None:
        self.client_id = client_id
        self._secret = secret
        self._line = line
        self._token = ""
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def get(self, service: str, path: str, **params: object) -> Any:
        """A reading. Raises Stopped."""
        answer = await self._call("GET", service=service, path=path, params=params)
        return _content(answer)

    async def find(self, service: str, path: str) -> Any | None:
        """A reading of what may not exist: then None. Raises Stopped."""
        answer = await self._call("GET", service=service, path=path)
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _content(answer)

    async def put(self, service: str, path: str, *, body: Mapping[str, Any]) -> None:
        """Declare one thing. Raises Stopped."""
        answer = await self._call("PUT", service=service, path=path, body=body)
        _content(answer)
        self._line.note(answer)

    async def post(self, service: str, path: str, *, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Send one lot; the result of each item. Raises Stopped if one of them is refused."""
        answer = await self._call("POST", service=service, path=path, body=body)
        results: list[dict[str, Any]] = _content(answer)["results"]
        self._line.note(answer)
        for result in results:
            if result["status"] == "rejected":
                raise Stopped(f"{service}{path} refuses {result['reference']}: {_reasons(result)}")
        return results

    async def declare(self, service: str, path: str, *, items: Sequence[Mapping[str, Any]]) -> None:
        """Send items in lots of a size the services take. Raises Stopped if one of them is refused."""
        for start in range(0, len(items), _BULK):
            await self.post(service, path, body={"items": items[start : start + _BULK]})

    async def _call(
        self,
        method: str,
        *,
        service: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        request = self._line.http.build_request(
            method,
            f"{self._line.urls[service]}{path}",
            params=params,
            json=body,
            headers={"Authorization": f"Bearer {await self._fresh_token()}", "Accept-Language": "en"},
        )
        return await self._line.send(request)

    async def _fresh_token(self) -> str:
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                request = self._line.http.build_request(
                    "POST",
                    f"{self._line.urls['identity']}/token",
                    data={
                        "grant_type": "client_credentials",
                        "client_id": self.client_id,
                        "client_secret": self._secret,
                    },
                )
                granted = _content(await self._line.send(request))
                self._token = granted["access_token"]
                self._renew_at = time.monotonic() + float(granted["expires_in"]) - _RENEW_BEFORE
        return self._token


async def at_once(
    act: Callable[[Item], Coroutine[Any, Any, Result]], *, over: Iterable[Item]
) -> list[Result]:
    """Do the same over some items at the same time, but few: the stack shares the machine.

    Raises what the first failure raised.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> Result:
        async with gate:
            return await act(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in over]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def told(answer: httpx.Response) -> str:
    """What a problem says, in one line."""
    try:
        problem = answer.json()
        reasons = _reasons(problem)
        return f"{answer.status_code} {problem.get('code', problem.get('error', ''))} {reasons}".strip()
    except (ValueError, AttributeError):
        return f"{answer.status_code} {answer.text[:200]}"


def _content(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise Stopped(f"{answer.request.method} {answer.request.url} is refused: {told(answer)}")
    # Figures are compared with what was published: they must not pass through binary fractions.
    return json.loads(answer.content, parse_float=Decimal)


def _reasons(refusal: Mapping[str, Any]) -> str:
    errors = refusal.get("errors", [])
    return "; ".join(
        f"{error['pointer']} {error['code']} ({error['message']})"
        + (f" expected {error['expected']}" if "expected" in error else "")
        for error in errors
    )
