"""A service as it takes part in the exchange: what is particular to it, and what one of its replicas hears with."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import APIRouter

from shared.kernel.clock import Clock, SystemClock
from shared.platform.database import Database, Transaction
from shared.platform.exchange.applying import Applier, Subscription
from shared.platform.exchange.broker import Broker
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Ears
from shared.platform.exchange.intake_store import PostgresIntakeStore
from shared.platform.exchange.projections import HeardAgain, Projected
from shared.platform.exchange.repair import Repair, Speakers

Job = Callable[[Database], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Service:
    """What is particular to one service."""

    name: str
    title: str
    routers: Sequence[APIRouter]
    subscriptions: Sequence[Subscription] = ()
    jobs: Sequence[Job] = ()
    """Work that goes on beside the intake, on the worker's database, until it is cancelled."""
    projection: Sequence[Projected] = ()
    """Tables that come from hearing alone: they can be made again beside the live ones."""
    derive: Callable[[Transaction], Awaitable[None]] | None = None
    """Of a projection: derives what its handlers leave out while a rebuild catches up."""
    heard_again: Mapping[str, HeardAgain] = field(default_factory=dict)
    """Of a service that owns more than that: how each source is heard again in place."""
    clock: Clock = field(default_factory=SystemClock)


def ears_of(
    service: Service, worker: Database, *, broker: Broker, feed: Speakers, watermarks: Watermarks
) -> Ears:
    """What one replica of a listener hears with."""
    store = PostgresIntakeStore(worker)
    applier = Applier(store, feed=feed, listener=service.name, subscriptions=service.subscriptions)
    repair = Repair(store, feed, applier=applier, listener=service.name, watermarks=watermarks)
    return Ears(listener=service.name, me=uuid4(), store=store, broker=broker, applier=applier, repair=repair)
