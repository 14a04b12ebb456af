"""The logs of several speakers as one: in the order of recording, and never out of the order of a partition."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

from shared.events.envelope import Envelope
from shared.platform.exchange.log_merge import by_speaker, merged

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(speaker: str, partition: int, *, seq: int, at: int, aggregate: str = "a") -> Envelope:
    return Envelope(
        id=uuid4(),
        speaker=speaker,
        partition=partition,
        sequence=seq,
        epoch=uuid4(),
        type=f"{speaker}.thing.changed.v1",
        aggregate_id=aggregate,
        aggregate_version=seq,
        recorded_at=BEGAN + timedelta(seconds=at),
        data="{}",
    )


class Shelf:
    """Logs that answer a few events a page."""

    def __init__(self, events: list[Envelope], *, page: int = 3) -> None:
        self._events = events
        self._page = page

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        mine = [one for one in self._events if (one.speaker, one.partition) == (speaker, partition)]
        return [one for one in mine if one.sequence > after][: self._page]


def shelf(chance: Random) -> list[Envelope]:
    events = []
    for speaker in ("one", "two"):
        for partition in range(3):
            at = 0
            for seq in range(1, chance.randint(1, 20)):
                at += chance.randint(0, 5)
                events.append(event(speaker, partition, seq=seq, at=at, aggregate=f"a{chance.randint(0, 5)}"))
    return events


async def read(events: list[Envelope], *, until: int | None = None) -> list[list[Envelope]]:
    places = {(speaker, partition): 0 for speaker in ("one", "two") for partition in range(3)}
    ends = dict.fromkeys(places, until)
    return [batch async for batch in merged(Shelf(events), places, until=ends, limit=7)]


async def test_everything_comes_once_in_the_order_of_recording() -> None:
    for seed in range(20):
        events = shelf(Random(seed))
        batches = await read(events)
        found = [one for batch in batches for one in batch]
        assert {len(batch) for batch in batches[:-1]} <= {7}
        assert sorted(found, key=lambda one: one.id) == sorted(events, key=lambda one: one.id)
        assert [one.recorded_at for one in found] == sorted(one.recorded_at for one in events)


async def test_nothing_comes_after_the_end_that_was_asked_for() -> None:
    events = shelf(Random(3))
    found = [one.sequence for batch in await read(events, until=4) for one in batch]
    assert max(found) == 4
    assert len(found) == sum(one.sequence <= 4 for one in events)


async def test_a_clock_that_went_back_does_not_turn_a_partition_round() -> None:
    events = [event("one", 0, seq=seq, at=-seq) for seq in range(1, 9)]
    found = [one.sequence for batch in await read(events) for one in batch]
    assert found == list(range(1, 9))


async def test_lists_by_speaker_keep_each_partition_and_each_aggregate_in_order() -> None:
    for seed in range(20):
        events = [one for batch in await read(shelf(Random(seed))) for one in batch]
        lists = by_speaker(events)
        assert all(len({one.speaker for one in part}) == 1 for part in lists)
        flat = [one for part in lists for one in part]
        assert len(flat) == len(events)
        for key in ("aggregate_id", "speaker"):
            for value in {getattr(one, key) for one in events}:
                assert [one for one in flat if getattr(one, key) == value] == [
                    one for one in events if getattr(one, key) == value
                ]
        assert len(lists) < len(events)
