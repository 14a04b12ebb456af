"""What a listener does about what did not come: lost tails are fetched, and a log that went back is noticed."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import structlog

from shared.events.envelope import Envelope
from shared.platform.exchange.applying import Applier, LogChanged
from shared.platform.exchange.feed import Answer, FeedUnavailable
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake_store import Held, IntakeStore
from shared.platform.metrics import REPAIRED
from shared.platform.topology import PARTITIONS

log = structlog.get_logger()

REPORT_EVERY = 10.0
"""Seconds between two reports of a listener's positions to a speaker."""


class Speakers(Protocol):
    """The other services' logs, asked over HTTP."""

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """The next events of a partition, in order. Raises FeedUnavailable."""

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        """Tell a speaker how far one has heard it. Raises FeedUnavailable."""


class Repair:
    """Looks after what one listener hears."""

    def __init__(
        self,
        store: IntakeStore,
        speakers: Speakers,
        *,
        applier: Applier,
        listener: str,
        watermarks: Watermarks,
    ) -> None:
        self._store = store
        self._speakers = speakers
        self._applier = applier
        self._listener = listener
        self._watermarks = watermarks
        self._before: dict[str, dict[int, Held]] = {}
        self._reported_at: dict[str, float] = {}

    async def look(self, speaker: str, *, partitions: Iterable[int]) -> None:
        """Fetch tails that were lost; report where one stands when it is time, or when something looks wrong.

        A partition that has not moved since the look before though its speaker is ahead has lost its tail; the others
        may be as busy as they like. Raises LogChanged and FeedUnavailable.
        """
        held = await self._store.positions(speaker)
        before, self._before[speaker] = self._before.get(speaker), held
        if self._is_time(speaker) or self._looks_wrong(speaker, before or {}):
            await self._report(speaker, held)
        watermark = self._watermarks.of(speaker)
        if watermark is None or before is None:
            return
        for partition in partitions:
            at = held.get(partition, Held())
            if before.get(partition, Held()) == at and watermark.heads.get(partition, 0) > at.last_seq:
                await self._fetch(
                    speaker, partition=partition, after=at.last_seq, head=watermark.heads[partition]
                )

    async def catch_up(self, speaker: str) -> int:
        """Fetch every tail, whether it seems lost or not; gives the number of events fetched.

        Raises LogChanged and FeedUnavailable.
        """
        held = await self._store.positions(speaker)
        await self._report(speaker, held)
        fetched = 0
        for partition in range(PARTITIONS):
            after = held.get(partition, Held()).last_seq
            fetched += await self._fetch(speaker, partition=partition, after=after, head=None)
        return fetched

    def _is_time(self, speaker: str) -> bool:
        return _now() - self._reported_at.get(speaker, float("-inf")) >= REPORT_EVERY

    def _looks_wrong(self, speaker: str, before: dict[int, Held]) -> bool:
        """Another epoch is announced, or still less than had been heard at the look before; the report tells."""
        watermark = self._watermarks.of(speaker)
        if watermark is None:
            return False
        return any(
            at.epoch not in (None, watermark.epoch) or watermark.heads.get(partition, 0) < at.last_seq
            for partition, at in before.items()
        )

    async def _report(self, speaker: str, held: dict[int, Held]) -> None:
        """The positions were read before the speaker looks: a sound log has every one of them."""
        self._reported_at[speaker] = _now()
        try:
            answer = await self._speakers.report(speaker, held=held)
        except FeedUnavailable as away:
            # Tried again at the next report; events go on coming over the broker meanwhile.
            log.warning("intake.cannot_report", speaker=speaker, reason=str(away))
            return
        for partition in answer.strange:
            raise LogChanged(
                "log_went_back", source=speaker, partition=partition, seq=held[partition].last_seq
            )
        for partition, at in held.items():
            if at.epoch not in (None, answer.epoch):
                raise LogChanged("epoch_changed", source=speaker, partition=partition, seq=at.last_seq)

    async def _fetch(self, speaker: str, *, partition: int, after: int, head: int | None) -> int:
        fetched = 0
        while head is None or after < head:
            found = await self._speakers.events(speaker, partition=partition, after=after)
            if not found:
                break
            REPAIRED.labels(self._listener, speaker).inc(len(found))
            log.info("intake.tail_repaired", speaker=speaker, partition=partition, events=len(found))
            await self._applier.hear(found)
            after = found[-1].sequence
            fetched += len(found)
        return fetched


def _now() -> float:
    return asyncio.get_running_loop().time()
