"""A TCP proxy that can be ill: slow, deaf in one direction or both, resetting, refusing.

One `Link` stands between one process and one server. While a link is held nothing is lost: as on a network that is
cut, what was sent waits and arrives when the cut heals, unless the connection was reset meanwhile.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

_CHUNK = 64 * 1024
_WAITING = 64
"""Chunks that may be under way in one direction: more are left to the sender's kernel."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How a link behaves now; the default lets everything pass."""

    latency: float = 0.0
    """Seconds each chunk is under way, per direction."""
    rate: float | None = None
    """Bytes per second of each connection and direction."""
    holds_up: bool = False
    """Nothing reaches the server."""
    holds_down: bool = False
    """Nothing comes back from the server."""
    refuses: bool = False
    """New connections are refused."""


CLEAR = Weather()
BLACK_HOLE = Weather(holds_up=True, holds_down=True)
DEAF = Weather(holds_up=True)
MUTE = Weather(holds_down=True)
REFUSING = Weather(refuses=True)


class Link:
    """A listening port in front of one server's port."""

    def __init__(self, name: str, *, port: int, target: int) -> None:
        self.name = name
        self.port = port
        self._target = target
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        """Keeps the port while connections are refused: a free one would soon be somebody else's."""
        self._weather = CLEAR
        self._changed = asyncio.Event()
        self._pairs: set[_Pair] = set()

    async def start(self) -> None:
        """Listen."""
        self._let_go()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._refuse()
        self._let_go()
        self.reset()

    @property
    def weather(self) -> Weather:
        """How it behaves now."""
        return self._weather

    async def set(self, weather: Weather) -> None:
        """Change the behaviour, also of the connections that stand."""
        healed = self._weather.holds_up and not weather.holds_up
        self._weather = weather
        self._changed.set()
        self._changed = asyncio.Event()
        if weather.refuses:
            await self._refuse()
            self.reset()
        elif self._server is None:
            await self.start()
        if healed:
            # They were accepted by nobody: no server knows of them.
            self._abort(pair for pair in self._pairs if pair.upstream is None)

    def reset(self) -> int:
        """Reset every connection, as a router that lost its table does; gives how many."""
        return self._abort(self._pairs)

    def _abort(self, pairs: Any) -> int:
        chosen = list(pairs)
        for pair in chosen:
            pair.abort()
        return len(chosen)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)
            # Bound and not listening: the kernel refuses whoever connects.
            self._held = socket.socket()
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(("127.0.0.1", self.port))

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(reader, writer)
        self._pairs.add(pair)
        try:
            await self._until(holds="holds_up")
            if not pair.aborted:
                await self._carry(pair)
        except OSError:
            # Either end is gone: the other end is told below.
            pair.abort()
        finally:
            self._pairs.discard(pair)
            pair.abort()

    async def _carry(self, pair: "_Pair") -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
        pair.upstream = writer
        if pair.aborted:
            return
        async with asyncio.TaskGroup() as group:
            ways: list[Coroutine[Any, Any, None]] = [
                self._pump(pair.reader, writer, pair=pair, holds="holds_up"),
                self._pump(reader, pair.writer, pair=pair, holds="holds_down"),
            ]
            for way in ways:
                group.create_task(way)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, pair: "_Pair", holds: str
    ) -> None:
        """Read what comes and deliver it when it is due, each in its own pace; an end closes both directions."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)
        delivery = asyncio.create_task(self._deliver(queue, writer, holds=holds))
        try:
            with suppress(OSError):
                while data := await reader.read(_CHUNK):
                    await queue.put((time.monotonic() + self._weather.latency, data))
                await queue.put((0.0, b""))
                await delivery
        finally:
            delivery.cancel()
            pair.close()

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, holds: str
    ) -> None:
        while True:
            due, data = await queue.get()
            if not data:
                return
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._until(holds=holds)
            if self._weather.rate:
                await asyncio.sleep(len(data) / self._weather.rate)
            if not writer.is_closing():
                with suppress(OSError):
                    writer.write(data)
                    await writer.drain()

    async def _until(self, *, holds: str) -> None:
        while getattr(self._weather, holds):
            await self._changed.wait()


class _Pair:
    """The two connections of one client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.upstream: asyncio.StreamWriter | None = None
        self.aborted = False

    def close(self) -> None:
        """End both in good order."""
        for writer in (self.writer, self.upstream):
            if writer is not None:
                writer.close()

    def abort(self) -> None:
        """End both with a reset."""
        self.aborted = True
        for writer in (self.writer, self.upstream):
            if writer is not None and not writer.is_closing():
                end = writer.get_extra_info("socket")
                if end is not None:
                    with suppress(OSError):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()


def slow(*, latency: float, rate: float) -> Weather:
    """A line that is far away and thin."""
    return replace(CLEAR, latency=latency, rate=rate)
