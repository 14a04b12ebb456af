"""Questions to a process that is starting: is it ready?"""

import asyncio
import struct
from collections.abc import Awaitable, Callable

from deploy.local.place import HOST, Place

Probe = Callable[[], Awaitable[bool]]

_PATIENCE = 2.0
_POSTGRES_PROTOCOL = 3 << 16


def probe_of(place: Place, name: str) -> Probe:
    """The question that each server of a stack is asked, at the start and by `status`."""
    if name not in place.ports:
        return _always
    if name == "postgres":
        return postgres_probe(place.ports[name])
    if name == "nats":
        return http_probe(place.ports["nats monitoring"], path="/healthz")
    return http_probe(place.ports[name], path="/jwks" if name == "identity" else "/readyz")


async def _always() -> bool:
    """A process that serves nobody is ready when it runs."""
    return True


def http_probe(port: int, *, path: str) -> Probe:
    """Ready when the path answers 200."""

    async def ready() -> bool:
        return await http_status(port, path=path) == 200  # noqa: PLR2004 - the status of success

    return ready


async def http_status(port: int, *, path: str) -> int | None:
    """Status of a GET, None if nobody answers. A bare socket, since importing an HTTP client takes time."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _get(port, path=path)
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


def postgres_probe(port: int) -> Probe:
    """Ready when the server asks who we are; while it starts or recovers it answers an error instead."""
    names = b"user\0postgres\0database\0postgres\0\0"
    hello = struct.pack("!ii", len(names) + 8, _POSTGRES_PROTOCOL) + names

    async def ready() -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await _first_byte(port, hello=hello) == b"R"
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False

    return ready


async def _first_byte(port: int, *, hello: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(hello)
        return await reader.readexactly(1)
    finally:
        writer.close()


async def _get(port: int, *, path: str) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
