"""The broker grants each identity exactly what the table says: every identity is tried on every subject of it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import nkeys
import pytest

from shared.platform import topology
from shared.platform.topology import SPEAKERS, stream_of
from tests.support.nats_server import NatsServer, running_nats

IDENTITIES = tuple(topology.rights())
REFUSED = {
    "publish": b"-ERR 'Permissions Violation for Publish to",
    "subscribe": b"-ERR 'Permissions Violation for Subsc",
}
VERBS = ("publish", "subscribe")
OUTSIDE = (
    "anything",
    "evt.nobody.p00.thing.changed.v1",
    "ctl.nobody.watermark",
    "_INBOX.somebody.1",
    "$SYS.REQ.SERVER.PING",
    "$JS.API.STREAM.LIST",
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.EVT_LABELLING.x",
    "$JS.FC.EVT_LABELLING.x.1",
    *(
        f"$JS.API.{what}.{stream_of(speaker)}{rest}"
        for speaker in SPEAKERS
        for what, rest in (
            ("STREAM.DELETE", ""),
            ("STREAM.PURGE", ""),
            ("STREAM.UPDATE", ""),
            ("STREAM.MSG.DELETE", ""),
            ("STREAM.SNAPSHOT", ""),
            ("DIRECT.GET", ""),
            ("CONSUMER.CREATE", ".stranger"),
            ("CONSUMER.DELETE", ".stranger"),
            ("CONSUMER.MSG.NEXT", ".stranger"),
        )
    ),
)
"""Subjects of which the table grants none to a service."""


def is_within(subject: str, pattern: str) -> bool:
    """Whether everything that a subject stands for is also meant by a pattern."""
    asked, granted = subject.split("."), pattern.split(".")
    for place, token in enumerate(granted):
        if token == ">":
            return len(asked) > place
        if place >= len(asked) or asked[place] == ">":
            return False
        if token not in {"*", asked[place]}:
            return False
    return len(asked) == len(granted)


def spelt_out(pattern: str) -> Iterator[str]:
    """The pattern itself, and one subject that it means."""
    yield pattern
    yield pattern.replace("*", "some").replace(">", "some.thing")


def subjects(verb: str) -> list[str]:
    """Every subject of the table, whoever it is granted to and for whatever; nobody publishes to a pattern."""
    granted = {
        subject
        for rights in topology.rights().values()
        for subjects in rights.values()
        for subject in subjects
    }
    found = {subject for pattern in granted for subject in spelt_out(pattern)} | set(OUTSIDE)
    if verb == "publish":
        return sorted(subject for subject in found if not {"*", ">"} & set(subject.split(".")))
    return sorted(found | {">", "evt.>", "ctl.>", "_INBOX.>", "$JS.>", "$JS.ACK.>", "$JS.API.>", "$SYS.>"})


class Connection:
    """One identity on a bare connection: the server answers in order, so that each refusal has its act."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def introduce(self, seed: str) -> None:
        """Sign the server's question."""
        nonce = json.loads((await self._reader.readline()).partition(b" ")[2])["nonce"]
        key = nkeys.from_seed(bytearray(seed.encode()))
        greeting = {
            "nkey": key.public_key.decode(),
            "sig": base64.urlsafe_b64encode(key.sign(nonce.encode())).decode().rstrip("="),
            "verbose": False,
            "protocol": 1,
            "headers": True,
        }
        self._writer.write(b"CONNECT " + json.dumps(greeting).encode() + b"\r\n")
        assert await self.refusals([]) == []

    async def granted(self, verb: str, tried: Iterable[str]) -> set[str]:
        """Those of the subjects on which the server lets it publish, or subscribe."""
        listed = list(tried)
        answers = await self.refusals(
            [_act(verb, subject, number=number) for number, subject in enumerate(listed)]
        )
        for answer in filter(None, answers):
            assert answer.startswith(REFUSED[verb]), answer
        return {subject for subject, answer in zip(listed, answers, strict=True) if not answer}

    async def refusals(self, acts: list[bytes]) -> list[bytes]:
        """Per act what the server has against it."""
        self._writer.write(b"".join(act + b"PING\r\n" for act in acts) + b"PING\r\n")
        answers: list[bytes] = []
        against = b""
        while len(answers) <= len(acts):
            line = await self._reader.readline()
            if line.startswith(b"PONG"):
                answers.append(against)
                against = b""
            elif line.startswith(b"-ERR"):
                against = line
            elif line.startswith((b"MSG", b"HMSG")):
                await self._reader.readexactly(int(line.split()[-1]) + 2)
            assert line, "the server has hung up"
        return answers[:-1]


def _act(verb: str, subject: str, *, number: int) -> bytes:
    if verb == "publish":
        return f"PUB {subject} 2\r\n{{}}\r\n".encode()
    return f"SUB {subject} {number}\r\nUNSUB {number}\r\n".encode()


@asynccontextmanager
async def connected(server: NatsServer, identity: str) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    connection = Connection(reader, writer)
    await connection.introduce(server.seed_file(identity).read_text().strip())
    yield connection
    writer.close()
    await writer.wait_closed()


async def differences(server: NatsServer, verb: str) -> set[tuple[str, str]]:
    """Identity and subject wherever the server grants what the table does not, or the other way round."""
    tried = subjects(verb)
    found: set[tuple[str, str]] = set()
    for identity, own in topology.rights().items():
        expected = {subject for subject in tried if any(is_within(subject, pattern) for pattern in own[verb])}
        async with connected(server, identity) as connection:
            granted = await connection.granted(verb, tried)
        found |= {(identity, subject) for subject in granted ^ expected}
    return found


@pytest.mark.parametrize("verb", VERBS)
async def test_every_identity_may_do_on_every_subject_what_the_table_says(
    nats_server: NatsServer, verb: str
) -> None:
    assert await differences(nats_server, verb) == set()


async def test_a_right_too_many_and_one_too_few_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = topology.rights()
    planted["enrolment"]["publish"].append("evt.labelling.>")
    planted["operator"]["subscribe"].append("evt.>")
    planted["followup"]["subscribe"].remove("ctl.labelling.watermark")
    with ExitStack() as stack:
        with monkeypatch.context() as plant:
            plant.setattr(topology, "rights", lambda: planted)
            server = stack.enter_context(running_nats(tmp_path))
        assert await differences(server, "publish") == {("enrolment", "evt.labelling.some.thing")}
        heard = await differences(server, "subscribe")
    assert ("followup", "ctl.labelling.watermark") in heard
    assert ("operator", "evt.>") in heard
    assert {identity for identity, _ in heard} == {"followup", "operator"}


def test_the_trial_covers_both_answers_for_every_identity() -> None:
    table = topology.rights()
    for identity in IDENTITIES:
        for verb, own in table[identity].items():
            tried = subjects(verb)
            within = [subject for subject in tried if any(is_within(subject, pattern) for pattern in own)]
            assert (len(within) > 0) == (len(own) > 0), (identity, verb)
            assert len(within) < len(tried), (identity, verb)


@pytest.mark.parametrize(
    ("subject", "pattern", "within"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.*", True),
        ("a.b.c", "a.*", False),
        ("a.b.c", "a.>", True),
        ("a", "a.>", False),
        ("a.>", "a.>", True),
        (">", "a.>", False),
        ("a.>", "a.*", False),
        ("a.*", "a.b", False),
        ("a.*", "a.>", True),
    ],
)
def test_a_subject_is_within_a_pattern_as_the_server_reads_it(
    subject: str, pattern: str, *, within: bool
) -> None:
    assert is_within(subject, pattern) == within


def test_both_forms_of_acknowledgement_are_granted_for_every_durable() -> None:
    table = topology.rights()
    for durable in topology.durables():
        place = f"{stream_of(durable.speaker)}.{durable.name}"
        own = table[durable.listener]["publish"]
        for form in (f"$JS.ACK.{place}.1.2.3.4.5", f"$JS.ACK.hub.A1b2.{place}.1.2.3.4.5"):
            assert any(is_within(form, pattern) for pattern in own), form
            for other in set(SPEAKERS) - {durable.listener}:
                assert not any(is_within(form, pattern) for pattern in table[other]["publish"]), (other, form)


def test_an_operator_reads_what_the_broker_says_of_itself_and_nothing_else() -> None:
    assert topology.rights()[topology.OPERATOR] == {"publish": [], "subscribe": ["$JS.EVENT.ADVISORY.>"]}


async def test_whoever_has_no_key_is_refused(nats_server: NatsServer) -> None:
    # By hand: a refused connection of the client library leaves its socket behind.
    reader, writer = await asyncio.open_connection("127.0.0.1", nats_server.port)
    assert (await reader.readline()).startswith(b"INFO ")
    writer.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
    assert b"Authorization Violation" in await reader.readline()
    writer.close()
    await writer.wait_closed()
