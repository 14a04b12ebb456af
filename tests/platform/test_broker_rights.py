"""The broker grants each identity exactly what the table says."""

import asyncio

import nats
import pytest
from nats.aio.client import Client

from shared.platform import topology
from tests.support.nats_server import NatsServer


class Watched:
    """A connection that notes what the server refuses."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.client: Client

    async def connect(self, server: NatsServer, *, identity: str) -> "Watched":
        async def on_error(error: Exception) -> None:
            self.refusals.append(str(error))

        self.client = await nats.connect(
            server.url,
            nkeys_seed=str(server.seed_file(identity)),
            inbox_prefix=topology.inbox_of(identity).encode(),
            error_cb=on_error,
        )
        return self

    async def refused(self) -> bool:
        """Whether the server refused something since the last question."""
        # The server answers in order: by the second answer the refusal has come and its callback has run.
        for _ in range(2):
            await self.client.flush()
            await asyncio.sleep(0.01)
        found, self.refusals = bool(self.refusals), []
        return found


@pytest.mark.parametrize("identity", topology.SPEAKERS)
async def test_an_identity_publishes_only_its_own_words(nats_server: NatsServer, identity: str) -> None:
    watched = await Watched().connect(nats_server, identity=identity)
    for speaker in topology.SPEAKERS:
        await watched.client.publish(f"evt.{speaker}.p00.thing.changed.v1", b"{}")
        assert await watched.refused() == (speaker != identity), speaker
        await watched.client.publish(topology.watermark_subject(speaker), b"{}")
        assert await watched.refused() == (speaker != identity), speaker
    for subject in ("$JS.API.STREAM.DELETE.EVT_ENROLMENT", "$JS.API.STREAM.PURGE.EVT_ENROLMENT", "anything"):
        await watched.client.publish(subject, b"{}")
        assert await watched.refused(), subject
    await watched.client.close()


@pytest.mark.parametrize("identity", topology.SPEAKERS)
async def test_an_identity_reads_only_its_own_replies(nats_server: NatsServer, identity: str) -> None:
    watched = await Watched().connect(nats_server, identity=identity)
    for other in {*topology.SPEAKERS, topology.PROVISIONER} - {identity}:
        await watched.client.subscribe(f"{topology.inbox_of(other)}.>")
        assert await watched.refused(), other
    for subject in ("_INBOX.>", "evt.>", "$JS.ACK.>", ">"):
        await watched.client.subscribe(subject)
        assert await watched.refused(), subject
    await watched.client.subscribe(f"{topology.inbox_of(identity)}.>")
    assert not await watched.refused()
    await watched.client.close()


async def test_whoever_has_no_key_is_refused(nats_server: NatsServer) -> None:
    # By hand: a refused connection of the client library leaves its socket behind.
    reader, writer = await asyncio.open_connection("127.0.0.1", nats_server.port)
    assert (await reader.readline()).startswith(b"INFO ")
    writer.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
    assert b"Authorization Violation" in await reader.readline()
    writer.close()
    await writer.wait_closed()
