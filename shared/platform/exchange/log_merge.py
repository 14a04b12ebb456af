"""The logs of several speakers read as one, in the order in which events were recorded, page by page."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.events.envelope import Envelope

Place = tuple[str, int]
"""A speaker and one of its partitions."""


class Pages(Protocol):
    """The speakers' own logs."""

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """The next events of a partition, in order."""


class _Partition:
    """One partition being read: what has come and not gone yet, with the next page on its way."""

    def __init__(self, pages: Pages, place: Place, *, after: int, until: int | None) -> None:
        self._pages = pages
        self.place = place
        self._after = after
        self._until = until
        self._waiting: deque[Envelope] = deque()
        self._next: asyncio.Task[list[Envelope]] | None = None
        self._ended = until is not None and after >= until

    def ask(self) -> None:
        """Ask for the next page, unless it is on its way or there is none."""
        if self._next is None and not self._ended:
            speaker, partition = self.place
            self._next = asyncio.create_task(
                self._pages.events(speaker, partition=partition, after=self._after)
            )

    @property
    def waiting(self) -> datetime | None:
        """When the next event was recorded, if it has come already."""
        return self._waiting[0].recorded_at if self._waiting else None

    async def head(self) -> datetime | None:
        """When the next event was recorded; None at the end of what there was to read."""
        while not self._waiting:
            self.ask()
            if self._next is None:
                return None
            page, self._next = await self._next, None
            self._keep(page)
        return self._waiting[0].recorded_at

    def _keep(self, page: list[Envelope]) -> None:
        until = self._until
        wanted = page if until is None else [envelope for envelope in page if envelope.sequence <= until]
        self._waiting.extend(wanted)
        self._after = wanted[-1].sequence if wanted else self._after
        self._ended = not wanted or self._after == until

    def take(self) -> Envelope:
        """The next event; the page after the one it came in is asked for meanwhile."""
        envelope = self._waiting.popleft()
        self.ask()
        return envelope

    def close(self) -> None:
        """Want nothing any more."""
        if self._next is not None and not self._next.cancel():
            # It is done: whoever closes has an error of its own, or none.
            self._next.exception()


async def merged(
    pages: Pages, after: Mapping[Place, int], *, until: Mapping[Place, int | None], limit: int
) -> AsyncGenerator[list[Envelope], None]:
    """Events after these numbers and up to those, in the order of recording.

    Where no end is given it is the one the partition had when it was last asked. Within a partition the order is
    that of the numbers, whatever the clock said.
    """
    partitions = [
        _Partition(pages, place, after=number, until=until[place]) for place, number in sorted(after.items())
    ]
    try:
        batch: list[Envelope] = []
        async for envelope in _in_order(partitions):
            batch.append(envelope)
            if len(batch) == limit:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        for partition in partitions:
            partition.close()


async def _in_order(partitions: Sequence[_Partition]) -> AsyncGenerator[Envelope, None]:
    for partition in partitions:
        partition.ask()
    heads = [
        (head, index)
        for index, partition in enumerate(partitions)
        if (head := await partition.head()) is not None
    ]
    heapq.heapify(heads)
    while heads:
        _, index = heads[0]
        yield partitions[index].take()
        head = partitions[index].waiting or await partitions[index].head()
        if head is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (head, index))


def by_speaker(batch: Iterable[Envelope]) -> list[list[Envelope]]:
    """A batch in as few lists of one speaker each as keep the order within a partition and of each aggregate.

    Two speakers may speak of one aggregate: who spoke first is heard first.
    """
    lists: list[list[Envelope]] = []
    last_of_speaker: dict[str, int] = {}
    last_of_aggregate: dict[str, int] = {}
    for envelope in batch:
        place = last_of_speaker.get(envelope.speaker, -1)
        if place < last_of_aggregate.get(envelope.aggregate_id, 0):
            place = len(lists)
            lists.append([])
            last_of_speaker[envelope.speaker] = place
        lists[place].append(envelope)
        last_of_aggregate[envelope.aggregate_id] = place
    return lists
