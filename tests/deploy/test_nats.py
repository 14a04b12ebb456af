"""The broker: its configuration is valid anywhere, and whoever has no right is refused."""

import asyncio
import base64
import json
import os
import socket
import subprocess
from pathlib import Path

import nats
import nkeys
import pytest

from deploy.local.nats import find_server
from deploy.nats import config, keys
from shared.platform import topology
from tests.support.embedded import Running

_TRIES = 10
_PAUSE = 0.02


async def _refusals(servers: Running, identity: str, *, publish: str = "", subscribe: str = "") -> list[str]:
    """What the server answers to one act of one identity."""
    refused: list[str] = []

    async def heard(error: Exception) -> None:
        refused.append(str(error))

    client = await nats.connect(
        f"nats://127.0.0.1:{servers.place.ports['nats']}",
        nkeys_seed=str(servers.place.seed_file(identity)),
        inbox_prefix=topology.inbox_of(identity).encode(),
        error_cb=heard,
        allow_reconnect=False,
    )
    if publish:
        await client.publish(publish, b"{}")
    if subscribe:
        await client.subscribe(subscribe)
    # The client's PING may overtake what it has buffered, so the first answer proves nothing yet.
    for _ in range(_TRIES):
        await client.flush()
        if refused:
            break
        await asyncio.sleep(_PAUSE)
    await client.close()
    return refused


def test_the_server_accepts_the_configuration(tmp_path: Path) -> None:
    public_keys = keys.seeds_in(tmp_path / "clés", identities=topology.rights())
    text = config.render(
        public_keys,
        host="127.0.0.1",
        port=4222,
        monitoring_port=8222,
        store_dir=str(tmp_path / 'a "b" $JS é'),
    )
    path = tmp_path / "server.conf"
    path.write_text(text)
    checked = subprocess.run(
        [find_server(os.environ), "-c", path, "-t"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "sync_interval: always" in text


def test_seeds_are_private_and_stay_the_same(tmp_path: Path) -> None:
    first = keys.seeds_in(tmp_path, identities=("labelling", "provisioner"))
    assert keys.seeds_in(tmp_path, identities=("labelling", "provisioner")) == first
    assert len(set(first.values())) == 2
    for seed in tmp_path.iterdir():
        assert seed.stat().st_mode & 0o777 == 0o600
        assert keys.public_key(seed.read_text()) == first[seed.stem]


@pytest.mark.parametrize(
    ("identity", "subject"),
    [
        ("enrolment", "evt.labelling.p00.label.granted.v1"),
        ("enrolment", "ctl.labelling.watermark"),
        ("enrolment", "$JS.API.STREAM.CREATE.EVT_ENROLMENT"),
        ("enrolment", "$JS.API.STREAM.DELETE.EVT_LABELLING"),
        ("labelling", "$JS.API.CONSUMER.MSG.NEXT.EVT_ENROLMENT.followup_enrolment_g0"),
        ("indicators", "_INBOX_followup.x"),
        ("provisioner", "evt.labelling.p00.label.granted.v1"),
    ],
)
async def test_an_identity_cannot_speak_on_a_foreign_subject(
    servers: Running, identity: str, subject: str
) -> None:
    refused = await _refusals(servers, identity, publish=subject)
    assert any("permissions violation for publish" in text.lower() for text in refused), refused


@pytest.mark.parametrize(
    "subject", ["evt.>", "_INBOX_followup.>", "_INBOX.>", ">", "ctl.enrolment.watermark"]
)
async def test_an_identity_cannot_hear_what_is_not_its_own(servers: Running, subject: str) -> None:
    refused = await _refusals(servers, "labelling", subscribe=subject)
    assert any("permissions violation for subscription" in text.lower() for text in refused), refused


@pytest.mark.parametrize("identity", topology.SPEAKERS)
async def test_a_service_speaks_and_hears_on_its_own_subjects(servers: Running, identity: str) -> None:
    inbox = f"{topology.inbox_of(identity)}.>"
    assert (
        await _refusals(servers, identity, publish=f"evt.{identity}.p00.thing.done.v1", subscribe=inbox) == []
    )


@pytest.mark.parametrize("claims", ["its own key", "another's key"])
def test_nobody_connects_without_the_private_half_of_a_known_key(servers: Running, claims: str) -> None:
    stranger = keys.new_seed()
    known = servers.place.seed_file("enrolment").read_text()
    claimed = keys.public_key(stranger if claims == "its own key" else known)
    with socket.create_connection(("127.0.0.1", servers.place.ports["nats"]), timeout=5) as connection:
        stream = connection.makefile("rwb")
        nonce = json.loads(stream.readline().partition(b" ")[2])["nonce"]
        signed = nkeys.from_seed(bytearray(stranger.encode())).sign(nonce.encode())
        greeting = {
            "nkey": claimed,
            "sig": base64.urlsafe_b64encode(signed).decode().rstrip("="),
            "verbose": True,
        }
        stream.write(b"CONNECT " + json.dumps(greeting).encode() + b"\r\nPING\r\n")
        stream.flush()
        assert stream.readline() == b"-ERR 'Authorization Violation'\r\n"


def test_nobody_connects_without_a_key(servers: Running) -> None:
    with socket.create_connection(("127.0.0.1", servers.place.ports["nats"]), timeout=5) as connection:
        stream = connection.makefile("rwb")
        stream.readline()
        stream.write(b'CONNECT {"verbose": true}\r\nPING\r\n')
        stream.flush()
        assert stream.readline() == b"-ERR 'Authorization Violation'\r\n"
