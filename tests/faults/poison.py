"""Faults of content: messages that no speaker of ours would send, and logged events that no listener can apply."""

import asyncio
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, cast
from uuid import uuid4

from nats.aio.client import Client
from nats.errors import Error as NatsError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from shared.events.catalogue import UPCASTING
from shared.events.envelope import Fact
from shared.platform.event_log import append
from shared.platform.topology import HEARS
from tests.faults.arena import Arena, Planted
from tests.faults.broker_faults import SPEAKING, TRIES

_TOO_BIG = 900_000
"""Less than the server takes, more than any fact has."""


class _Poison(Fact):
    """A fact that no listener can apply: of a type nobody knows, or without what its type must have."""

    planted: str

    @property
    def aggregate_id(self) -> str:
        """An aggregate of its own."""
        return self.planted


async def poison_message(arena: Arena, rng: Random) -> str:
    """Malformed messages on a speaker's subjects, sent under the speaker's own key."""
    service = rng.choice(SPEAKING)
    known = await _a_known_event(arena, service, rng=rng)
    subject = f"evt.{service}.p{known.partition:02d}.poison.sent.v1"
    bodies = list(_malformed(known, service=service, rng=rng).values())
    rng.shuffle(bodies)
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


@dataclass(frozen=True)
class _Known:
    """The first event of a partition."""

    partition: int
    epoch: str
    id: str


async def _a_known_event(arena: Arena, service: str, *, rng: Random) -> _Known:
    """The first event of a partition that every listener has applied.

    A forgery with a number to come would be believed, and one with another id would look like a log that was set
    back: who has a speaker's key is that speaker.
    """
    listeners = [listener for listener, speakers in HEARS.items() if service in speakers]
    heard = " INTERSECT ".join(
        f"SELECT partition FROM {listener}.intake_position WHERE source = '{service}' AND last_seq > 0"  # noqa: S608 - our own names
        for listener in listeners
    )
    while True:
        row = await arena.ask(
            f"SELECT partition, (SELECT epoch::text FROM {service}.log_epoch) AS epoch, event_id::text AS id"  # noqa: S608
            f" FROM {service}.event_log WHERE seq = 1 AND partition IN ({heard})"
            " ORDER BY (partition + $1) % 16 LIMIT 1",
            rng.randrange(16),
        )
        if row is not None:
            return _Known(row["partition"], row["epoch"], row["id"])
        await asyncio.sleep(0.5)


def _malformed(known: _Known, *, service: str, rng: Random) -> Mapping[str, bytes]:
    """By what is wrong with it."""
    place, stranger = f"{known.partition:02d}", next(other for other in SPEAKING if other != service)
    other = f"{(known.partition + 1) % 16:02d}"
    number = {"sequence": f"{1:020d}", "epoch": known.epoch}
    return {
        "not JSON": b"\x00\xff not json",
        "no event": b'{"hello": "world"}',
        "a stranger's": _envelope(source=f"/{stranger}/{place}", **number),
        "another partition's": _envelope(source=f"/{service}/{other}", sequence="0", epoch=known.epoch),
        "long passed, as a type nobody knows": _envelope(
            source=f"/{service}/{place}", id=known.id, type=f"{service}.poison.sent.v9", **number
        ),
        "without a number": _envelope(source=f"/{service}/{place}", sequence="one", epoch=known.epoch),
        "too big": b'{"x":"' + b"x" * _TOO_BIG + b'"}',
        "random bytes": rng.randbytes(200),
    }


def _envelope(**attributes: Any) -> bytes:
    content = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "labelling.target.set.v1",
        "subject": "poison",
        "time": "2016-03-01T00:00:00+00:00",
        "aggregateversion": 1,
        "data": {},
    }
    return json.dumps(content | attributes).encode()


_TYPES = {
    "labelling": "labelling.target.set.v1",
    "enrolment": "enrolment.enrolment.entered.v1",
    "followup": "followup.outcome.settled.v1",
}


async def poison_logged(arena: Arena, rng: Random) -> str:
    """An event that nobody can apply enters a log properly, and another of its aggregate behind it."""
    service = rng.choice(SPEAKING)
    aggregate = str(uuid4())
    first = rng.choice([f"{service}.poison.planted.v9", _TYPES[service]])
    for version, name in enumerate([first, _TYPES[service]], start=1):
        kind = cast("type[_Poison]", type("Planted", (_Poison,), {"TYPE": name}))
        fact = kind(version=version, planted=aggregate)
        await _plant(arena, service, fact=fact, listeners=_refusing(service, first))
    return f"{first} and one behind it"


def _refusing(service: str, name: str) -> frozenset[str]:
    """Everybody parks what nobody knows; data of a known type are read only by who takes that type."""
    listeners = {listener for listener, speakers in HEARS.items() if service in speakers}
    if name in UPCASTING.types:
        listeners = {listener for listener in listeners if name in _taken_by(listener)}
    return frozenset(listeners)


def _taken_by(listener: str) -> set[str]:
    consumers = importlib.import_module(f"services.{listener}.consumers")
    return {fact.TYPE for subscription in consumers.SUBSCRIPTIONS for fact in subscription.facts}


async def _plant(arena: Arena, service: str, *, fact: Fact, listeners: frozenset[str]) -> None:
    """Append as the product does; a try without an answer is looked up before the next one."""
    while True:
        row = await arena.ask(
            f"SELECT partition, seq FROM {service}.event_log WHERE aggregate_id = $1 AND aggregate_version = $2",  # noqa: S608 - our own name
            fact.aggregate_id,
            fact.version,
        )
        if row is not None:
            arena.planted.append(Planted(service, row["partition"], row["seq"], listeners))
            return
        engine = create_async_engine(arena.rig.postgres.superuser_url)
        try:
            async with engine.begin() as connection:
                await append(connection, [fact], service=service, traceparent=None)
        except (SQLAlchemyError, OSError, TimeoutError):
            await asyncio.sleep(0.5)
        finally:
            await engine.dispose()
