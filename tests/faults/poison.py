"""Faults of content: messages that no speaker of ours would send, and logged events that no listener can apply."""

import asyncio
import json
from collections.abc import Mapping
from random import Random
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.platform.event_log import partition_of
from shared.platform.topology import HEARS
from tests.faults.arena import Arena, Planted
from tests.faults.broker_faults import SPEAKING, TRIES

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
    partition, epoch, head = await _a_busy_partition(arena, service, rng=rng)
    subject = f"evt.{service}.p{partition:02d}.poison.sent.v1"
    bodies = list(_malformed(f"{partition:02d}", service=service, epoch=epoch, head=head, rng=rng).values())
    for _ in range(TRIES):
        try:
            client = await arena.rig.broker_client(service)
            await _publish(client, subject, bodies=bodies)
            return f"{len(bodies)} messages of {service}"
        except (NatsError, OSError, TimeoutError):
            await asyncio.sleep(0.5)
    raise RuntimeError("the broker could not be reached to poison it")


async def _publish(client: Client, subject: str, *, bodies: list[bytes]) -> None:
    try:
        for body in bodies:
            await client.publish(subject, body)
        await client.flush(2)
    finally:
        await client.close()


async def _a_busy_partition(arena: Arena, service: str, *, rng: Random) -> tuple[int, str, int]:
    """One whose first event every listener has applied, with epoch and head: a forgery looks almost right.

    A forgery with the very next number would be believed: who has a speaker's key is that speaker.
    """
    listeners = [listener for listener, speakers in HEARS.items() if service in speakers]
    heard = " INTERSECT ".join(
        f"SELECT partition FROM {listener}.intake_position WHERE source = '{service}' AND last_seq > 0"  # noqa: S608 - our own names
        for listener in listeners
    )
    while True:
        row = await arena.ask(
            f"SELECT partition, (SELECT epoch::text FROM {service}.log_epoch), last_seq"  # noqa: S608
            f" FROM {service}.event_counter WHERE partition IN ({heard}) ORDER BY (partition + $1) % 16 LIMIT 1",
            rng.randrange(16),
        )
        if row is not None:
            return row[0], row[1], row[2]
        await asyncio.sleep(0.5)


def _malformed(place: str, *, service: str, epoch: str, head: int, rng: Random) -> Mapping[str, bytes]:
    """By what is wrong with it."""
    stranger = next(other for other in SPEAKING if other != service)
    other = f"{(int(place) + 1) % 16:02d}"
    return {
        "not JSON": b"\x00\xff not json",
        "no event": b'{"hello": "world"}',
        "a stranger's": _envelope(f"/{stranger}/{place}", sequence=1, epoch=epoch),
        "another partition's": _envelope(f"/{service}/{other}", sequence=1, epoch=epoch),
        "of an unknown type, with a number long passed": _envelope(
            f"/{service}/{place}", sequence=1, epoch=epoch, type=f"{service}.poison.sent.v9"
        ),
        "far from the future": _envelope(f"/{service}/{place}", sequence=head + 1_000_000, epoch=epoch),
        "too big": b'{"x":"' + b"x" * _TOO_BIG + b'"}',
        "random bytes": rng.randbytes(200),
    }


def _envelope(source: str, **attributes: Any) -> bytes:
    content = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": source,
        "type": "labelling.target.set.v1",
        "subject": "poison",
        "time": "2016-03-01T00:00:00+00:00",
        "aggregateversion": 1,
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
        seq = await arena.ask(f"SELECT seq FROM {service}.event_log WHERE event_id = $1", event_id)  # noqa: S608 - our own name
        if seq is not None:
            return Planted(service, partition, seq[0])
        await arena.try_once(
            _PLANT.format(schema=service), partition, event_id, kind, aggregate, version, data
        )
