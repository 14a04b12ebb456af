"""Faults of content: messages that no speaker of ours would send, and logged events that no listener can apply."""

import asyncio
import json
from collections.abc import Mapping
from random import Random
from typing import Any
from uuid import UUID, uuid4

from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.platform.event_log import partition_of
from tests.faults.arena import AWAY, Arena, Planted
from tests.faults.broker_faults import SPEAKING

_TOO_BIG = 1_500_000
_PLANT = """
WITH drawn AS (
    UPDATE {schema}.event_counter SET last_seq = last_seq + 1 WHERE partition = $1 RETURNING last_seq
)
INSERT INTO {schema}.event_log (partition, seq, event_id, type, aggregate_id, aggregate_version, data)
SELECT $1, last_seq, $2, $3, $4, $5, $6 FROM drawn RETURNING seq
"""


async def poison_message(arena: Arena, rng: Random) -> str:
    """Malformed messages on a speaker's subjects, sent under the speaker's own key."""
    service = rng.choice(SPEAKING)
    partition = rng.randrange(16)
    subject = f"evt.{service}.p{partition:02d}.poison.sent.v1"
    bodies = list(_malformed(service, partition=partition, rng=rng).values())
    for _ in range(20):
        try:
            client = await arena.rig.broker_client(service)
            await _publish(client, subject, bodies=bodies)
            break
        except (NatsError, OSError, TimeoutError):
            await asyncio.sleep(0.5)
    else:
        raise RuntimeError("the broker could not be reached to poison it")
    return f"{len(bodies)} messages of {service}"


async def _publish(client: Client, subject: str, *, bodies: list[bytes]) -> None:
    try:
        for body in bodies:
            await client.publish(subject, body)
        await client.flush(2)
    finally:
        await client.close()


def _malformed(service: str, *, partition: int, rng: Random) -> Mapping[str, bytes]:
    """By what is wrong with it."""
    stranger = next(other for other in SPEAKING if other != service)
    place = f"{partition:02d}"
    return {
        "not JSON": b"\x00\xff not json",
        "no event": b'{"hello": "world"}',
        "a stranger's": _envelope(f"/{stranger}/{place}", sequence=1),
        "another partition's": _envelope(f"/{service}/{(partition + 1) % 16:02d}", sequence=1),
        "of an unknown type, with a number long passed": _envelope(
            f"/{service}/{place}", sequence=1, type=f"{service}.poison.sent.v9"
        ),
        "too big": b'{"x":"' + b"x" * _TOO_BIG + b'"}',
        "random bytes": rng.randbytes(200),
    }


def _envelope(source: str, *, sequence: int, **attributes: Any) -> bytes:
    content = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": source,
        "type": "labelling.target.set.v1",
        "subject": "poison",
        "time": "2016-03-01T00:00:00+00:00",
        "sequence": f"{sequence:020d}",
        "aggregateversion": 1,
        "epoch": str(UUID(int=0)),
        "data": {},
    }
    return json.dumps(content | attributes).encode()


async def poison_logged(arena: Arena, rng: Random) -> str:
    """An event that nobody can apply enters a log properly, and another of its aggregate behind it."""
    service = rng.choice(SPEAKING)
    aggregate = str(uuid4())
    first = rng.choice([f"{service}.poison.planted.v9", _KNOWN[service]])
    for version, kind in enumerate([first, _KNOWN[service]], start=1):
        arena.planted.append(await _plant(arena, service, kind=kind, aggregate=aggregate, version=version))
    return f"{first} and one behind it"


_KNOWN = {
    "labelling": "labelling.target.set.v1",
    "enrolment": "enrolment.enrolment.entered.v1",
    "followup": "followup.outcome.settled.v1",
}


async def _plant(arena: Arena, service: str, *, kind: str, aggregate: str, version: int) -> Planted:
    """The data lacks what every version of a known type has. The id tells whether a try without an answer was one."""
    partition, event_id = partition_of(aggregate), uuid4()
    data = json.dumps({"version": version, "planted": True})
    while True:
        try:
            connection = await arena.rig.postgres.superuser()
            try:
                seq = await connection.fetchval(
                    f"SELECT seq FROM {service}.event_log WHERE event_id = $1",  # noqa: S608 - our own name
                    event_id,
                )
                if seq is None:
                    seq = await connection.fetchval(
                        _PLANT.format(schema=service), partition, event_id, kind, aggregate, version, data
                    )
                return Planted(service, partition, seq)
            finally:
                connection.terminate()
        except AWAY:
            await asyncio.sleep(0.5)
