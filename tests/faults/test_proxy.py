"""The proxy's weathers, each seen to do what it says to a real connection."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import BLACK_HOLE, CLEAR, DEAF, MUTE, REFUSING, Link, Weather
from tests.support.cluster import free_port

QUICK = 0.2
PATIENCE = 10.0


class Echo:
    """A server that answers each line with the same line, and remembers what it heard."""

    def __init__(self) -> None:
        self.heard = b""
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                self.heard += line
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            # A reset is one of the weathers.
            return
        finally:
            writer.close()


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def link(echo: Echo) -> AsyncIterator[Link]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    made = Link("test", port=free_port(), target=server.sockets[0].getsockname()[1])
    await made.start()
    yield made
    await made.set(CLEAR)
    await made.stop()
    server.close()
    await asyncio.sleep(0)


class Caller:
    """A client of the echo through the link."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def of(cls, link: Link) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", link.port))

    def say(self, line: bytes) -> None:
        self.writer.write(line)

    async def hears(self, *, within: float = PATIENCE) -> bytes | None:
        try:
            return await asyncio.wait_for(self.reader.readline(), within)
        except TimeoutError:
            return None

    def leave(self) -> None:
        self.writer.close()


async def test_in_clear_weather_everything_passes(link: Link) -> None:
    caller = await Caller.of(link)
    caller.say(b"hello\n")
    assert await caller.hears() == b"hello\n"
    caller.leave()


async def test_a_black_hole_keeps_what_was_sent_until_it_heals(link: Link, echo: Echo) -> None:
    caller = await Caller.of(link)
    caller.say(b"before\n")
    assert await caller.hears() == b"before\n"
    await link.set(BLACK_HOLE)
    caller.say(b"during\n")
    assert await caller.hears(within=QUICK) is None
    assert echo.heard == b"before\n"
    await link.set(CLEAR)
    assert await caller.hears() == b"during\n"
    caller.leave()


async def test_a_connection_begun_in_a_black_hole_reaches_nobody_and_is_reset_when_it_heals(
    link: Link, echo: Echo
) -> None:
    await link.set(BLACK_HOLE)
    caller = await Caller.of(link)
    caller.say(b"lost\n")
    assert await caller.hears(within=QUICK) is None
    await link.set(CLEAR)
    with pytest.raises(ConnectionError):
        await caller.hears()
    assert (echo.heard, echo.connections) == (b"", 0)
    caller.leave()


async def test_deaf_upwards_the_server_hears_nothing(link: Link, echo: Echo) -> None:
    caller = await Caller.of(link)
    caller.say(b"before\n")
    await caller.hears()
    await link.set(DEAF)
    caller.say(b"during\n")
    assert await caller.hears(within=QUICK) is None
    assert echo.heard == b"before\n"
    caller.leave()


async def test_mute_downwards_the_server_hears_and_its_answer_waits(link: Link, echo: Echo) -> None:
    caller = await Caller.of(link)
    caller.say(b"before\n")
    await caller.hears()
    await link.set(MUTE)
    caller.say(b"during\n")
    assert await caller.hears(within=QUICK) is None
    assert echo.heard == b"before\nduring\n"
    await link.set(CLEAR)
    assert await caller.hears() == b"during\n"
    caller.leave()


async def test_a_reset_ends_connections_and_new_ones_are_served(link: Link) -> None:
    caller = await Caller.of(link)
    caller.say(b"before\n")
    await caller.hears()
    assert link.reset() == 1
    with pytest.raises(ConnectionError):
        await caller.hears()
    again = await Caller.of(link)
    again.say(b"after\n")
    assert await again.hears() == b"after\n"
    again.leave()


async def test_a_refusing_link_refuses_and_listens_again(link: Link) -> None:
    await link.set(REFUSING)
    with pytest.raises(ConnectionRefusedError):
        await Caller.of(link)
    # Its port stays its own: the kernel gives it to nobody who asks for a free one.
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", link.port))
    await link.set(CLEAR)
    caller = await Caller.of(link)
    caller.say(b"after\n")
    assert await caller.hears() == b"after\n"
    caller.leave()


async def test_a_slow_line_delivers_everything_in_order_and_later(link: Link, echo: Echo) -> None:
    await link.set(Weather(latency=0.1, rate=200_000))
    caller = await Caller.of(link)
    begun = asyncio.get_running_loop().time()
    lines = [b"%d %s\n" % (number, b"x" * 1000) for number in range(30)]
    caller.say(b"".join(lines))
    assert [await caller.hears() for _ in lines] == lines
    # Two ways, each at least the latency and the time of 30 kB.
    assert asyncio.get_running_loop().time() - begun > 2 * 0.1
    assert echo.heard == b"".join(lines)
    caller.leave()
