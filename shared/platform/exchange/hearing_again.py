"""Hearing one source again in place, from position zero, for a listener that owns state beside what it heard.

The versions held of the source are forgotten and its log is heard anew by the same handlers, each aggregate in its
last state only: where that is what the listener holds, nothing changes and nothing is said; where it differs, the
listener corrects itself and says so. What nobody says any more is taken back at the end. Each step is remembered in
the detail of the source, so that a run that was cut short goes on where it stopped.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import structlog
from sqlalchemy import TextClause, text

from shared.events.catalogue import UPCASTING
from shared.events.envelope import Envelope
from shared.platform.database import Database
from shared.platform.exchange.applying import Applier, Read
from shared.platform.exchange.intake_store import PostgresIntakeStore
from shared.platform.exchange.log_merge import Pages, merged
from shared.platform.exchange.participant import Service
from shared.platform.exchange.rebuild import InTheWay
from shared.platform.failures import is_transient
from shared.platform.topology import PARTITIONS, durables

log = structlog.get_logger()

REASON = "hearing_again"
BATCH = 500
TRIES = 10
LOOK_AGAIN = 0.2


class NewestOnly(Applier):
    """Applies the last state of each aggregate; what came before it only moves the position."""

    heeds_halts = False
    _newest: dict[tuple[int, str], int]

    async def learn(self, pages: AsyncIterator[list[Envelope]]) -> None:
        """Take note of the last event of every aggregate that a handler takes."""
        self._newest = {
            place: envelope.sequence
            async for page in pages
            for envelope in page
            if (place := self._place(envelope)) is not None
        }

    def read(self, envelope: Envelope) -> Read:
        """What is not the last event of its aggregate moves the position, and parks if it must. Raises BadEnvelope."""
        found, place = super().read(envelope), self._place(envelope)
        if place is not None and envelope.sequence < self._newest.get(place, 0):
            return replace(found, fact=None)
        return found

    def _place(self, envelope: Envelope) -> tuple[int, str] | None:
        """The handler that takes an event, and its aggregate: one handler's events are states of one thing."""
        if envelope.type not in UPCASTING.types:
            return None
        fact = UPCASTING.newest(envelope.type)
        for number, subscription in enumerate(self._subscriptions):
            if issubclass(fact, subscription.facts):
                return number, envelope.aggregate_id
        return None


_BEGIN = """
INSERT INTO {schema}.intake_source AS s (source, halted, halted_at, detail)
VALUES (:source, 'hearing_again', clock_timestamp(), '{{"hearing_again": "forgetting"}}')
ON CONFLICT (source) DO UPDATE SET halted = coalesce(s.halted, excluded.halted),
    halted_at = coalesce(s.halted_at, excluded.halted_at), detail = excluded.detail || s.detail
RETURNING s.detail ->> 'hearing_again' AS step
"""
_FOLLOWED = """
SELECT count(*) FROM {schema}.intake_lease
WHERE durable = ANY(CAST(:durables AS text[])) AND leased_until > clock_timestamp()
"""
_FROM_ZERO = (
    "UPDATE {schema}.intake_position SET last_seq = 0, last_id = NULL, epoch = NULL WHERE source = :source",
    "DELETE FROM {schema}.intake_digest WHERE source = :source",
    "DELETE FROM {schema}.parked_event WHERE source = :source",
    "UPDATE {schema}.intake_source SET audited_from = NULL WHERE source = :source",
)
_STEP = """
UPDATE {schema}.intake_source SET detail = detail || jsonb_build_object('hearing_again', CAST(:step AS text))
WHERE source = :source
"""
_END = """
UPDATE {schema}.intake_source SET detail = detail - 'hearing_again',
    halted_at = CASE WHEN halted = 'hearing_again' THEN NULL ELSE halted_at END,
    halted = nullif(halted, 'hearing_again')
WHERE source = :source
"""


class HearingAgain:
    """One listener hearing one source again."""

    def __init__(
        self, service: Service, database: Database, *, pages: Pages, source: str, batch: int = BATCH
    ) -> None:
        self._service = service
        self._database = database
        self._pages = pages
        self._source = source
        self._batch = batch

    async def run(self) -> int:
        """Forget, hear, settle; gives the number of events heard. Raises InTheWay, LogChanged, FeedUnavailable."""
        again = self._service.heard_again.get(self._source)
        takes = any(subscription.speaker == self._source for subscription in self._service.subscriptions)
        if self._service.projection or (takes and again is None):
            raise InTheWay(f"{self._service.name} does not hear {self._source} again in place")
        step = await self._begin()
        if step == "forgetting":
            await self._until_followed_by_nobody()
            if again is not None:
                await again.forget(self._database)
            await self._go_to_zero()
        heard = 0
        if step != "settling":
            for partition in range(PARTITIONS):
                heard += await self._hear(partition)
            await self._step("settling")
        if again is not None:
            await again.settle(self._database)
        await self._execute(_END)
        return heard

    async def _begin(self) -> str:
        async with self._database.transaction() as tx:
            row = (await tx.execute(self._sql(_BEGIN), {"source": self._source})).one()
            return str(row.step)

    async def _until_followed_by_nobody(self) -> None:
        """A replica that has seen the halt renews no lease; one that has not would fill the hole from zero itself."""
        mine = [one.name for one in durables(self._service.name) if one.speaker == self._source]
        while True:
            async with self._database.glance() as connection:
                rows = await connection.execute(self._sql(_FOLLOWED), {"durables": mine})
                if not rows.scalar_one():
                    return
            await asyncio.sleep(LOOK_AGAIN)

    async def _go_to_zero(self) -> None:
        async with self._database.transaction() as tx:
            for statement in _FROM_ZERO:
                await tx.execute(self._sql(statement), {"source": self._source})
            await tx.execute(self._sql(_STEP), {"source": self._source, "step": "hearing"})

    async def _hear(self, partition: int) -> int:
        applier = NewestOnly(
            PostgresIntakeStore(self._database),
            feed=self._pages,
            listener=self._service.name,
            subscriptions=self._service.subscriptions,
        )
        await applier.learn(self._read(partition, after=0))
        held = await PostgresIntakeStore(self._database).positions(self._source)
        heard = 0
        async for page in self._read(partition, after=held[partition].last_seq if partition in held else 0):
            await self._apply(applier, page)
            heard += len(page)
        log.info("hearing_again.partition", source=self._source, partition=partition, events=heard)
        return heard

    async def _apply(self, applier: Applier, page: list[Envelope]) -> None:
        """Calls of others hold rows meanwhile: what they keep from being applied is tried again."""
        for attempt in range(TRIES):
            try:
                await applier.hear(page)
            except Exception as error:
                if not is_transient(error) or attempt == TRIES - 1:
                    raise
                await asyncio.sleep(LOOK_AGAIN)
            else:
                return

    def _read(self, partition: int, *, after: int) -> AsyncIterator[list[Envelope]]:
        place = (self._source, partition)
        return merged(self._pages, {place: after}, until={place: None}, limit=self._batch)

    async def _step(self, step: str) -> None:
        await self._execute(_STEP, step=step)

    async def _execute(self, statement: str, **values: str) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(self._sql(statement), {"source": self._source, **values})

    def _sql(self, statement: str) -> TextClause:
        return text(statement.format(schema=self._database.service))
