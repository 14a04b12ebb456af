"""Every few seconds: keeps what was announced and that the broker is there, and shows how the exchange stands."""

import asyncio
from collections.abc import Collection
from time import time
from typing import get_args

import structlog

from shared.platform import metrics
from shared.platform.database import Database
from shared.platform.exchange import state as exchange_state
from shared.platform.exchange.broker import Broker
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.progress import ListeningState, RelayingState
from shared.platform.exchange.state import RelayState, SourceState
from shared.platform.failures import is_transient
from shared.platform.topology import HEARS

log = structlog.get_logger()

EVERY = 3.0
MEASURE_LOG_EVERY = 20
"""Samples between two looks at the size of the log."""


class Sampling:
    """Samples one service; every replica does, what it keeps and shows is the service's and not its own."""

    def __init__(
        self,
        database: Database,
        broker: Broker,
        *,
        watermarks: Watermarks,
        roles: Collection[str],
        every: float = EVERY,
    ) -> None:
        self._database = database
        self._service = database.service
        self._broker = broker
        self._watermarks = watermarks
        self._roles = roles
        self._every = every
        self._samples = 0

    async def run(self) -> None:
        """Until cancelled. A sample that fails shows in the age of the last one."""
        while True:
            try:
                await self.step()
            except Exception as error:  # noqa: BLE001 - a figure that is missing stops no service
                metrics.SAMPLES_FAILED.labels(self._service).inc()
                log.warning("sampling.failed", error=type(error).__name__, passing=is_transient(error))
            await asyncio.sleep(self._every)

    async def step(self) -> None:
        """Keep, read, show."""
        metrics.BROKER_CONNECTED.labels(self._service).set(self._broker.connected)
        await self._keep()
        async with self._database.glance() as connection:
            if "relay" in self._roles:
                show_relay(self._service, await exchange_state.relay_of(connection, self._service))
            if "intake" in self._roles:
                for state in await exchange_state.sources_of(connection, self._service):
                    show_source(self._service, state)
            if self._samples % MEASURE_LOG_EVERY == 0:
                metrics.LOG_BYTES.labels(self._service).set(
                    await exchange_state.log_bytes(connection, self._service)
                )
        self._samples += 1
        metrics.SAMPLED_AT.labels(self._service).set(time())

    async def _keep(self) -> None:
        async with self._database.transaction() as tx:
            if "relay" in self._roles and self._broker.connected:
                await exchange_state.keep_connected(tx, self._service)
            for speaker in HEARS[self._service] if "intake" in self._roles else ():
                watermark, age = self._watermarks.of(speaker), self._watermarks.age_of(speaker)
                if watermark is not None and age is not None:
                    await exchange_state.keep_watermark(
                        tx, self._service, source=speaker, watermark=watermark, age=age
                    )


def show_relay(service: str, state: RelayState) -> None:
    """Set the gauges of a relay."""
    relaying = state.relaying
    metrics.RELAY_UNPUBLISHED.labels(service).set(relaying.unpublished)
    metrics.RELAY_OLDEST.labels(service).set(relaying.oldest or 0.0)
    metrics.RELAY_PROGRESS.labels(service).set(relaying.moved or 0.0)
    metrics.RELAY_LEASES.labels(service).set(state.leases)
    metrics.RELAY_HALTED.labels(service).set(relaying.halted is not None)
    for known in get_args(RelayingState):
        metrics.RELAY_STATE.labels(service, known).set(known == relaying.state)


def show_source(listener: str, state: SourceState) -> None:
    """Set the gauges of one source of a listener."""
    listening, names = state.listening, (listener, state.source)
    metrics.BEHIND.labels(*names).set(listening.behind)
    metrics.OLDEST_UNAPPLIED.labels(*names).set(state.oldest)
    metrics.INTAKE_PROGRESS.labels(*names).set(listening.moved or 0.0)
    metrics.INTAKE_LEASES.labels(*names).set(state.leases)
    metrics.INTAKE_HALTED.labels(*names).set(listening.halted is not None)
    metrics.PARKED_NOW.labels(*names).set(state.parked)
    metrics.OLDEST_PARKED.labels(*names).set(state.oldest_parked)
    # Unheard since this service began to listen: only a large figure says so.
    metrics.WATERMARK_AGE.labels(*names).set(float("inf") if listening.heard is None else listening.heard)
    for known in get_args(ListeningState):
        metrics.INTAKE_STATE.labels(*names, known).set(known == listening.state)
