"""A log that is not the one that was followed is noticed at its first event, and at the next report."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.platform import event_log
from shared.platform.event_log import partition_of
from shared.platform.exchange.applying import Applier, LogChanged, Read, SourceHalted
from tests.platform.test_exchange import Listener, envelopes_of, listener, say
from tests.support.under_test import ServiceUnderTest

__all__ = ["listener"]
PARTITION = partition_of("target-1")


async def test_each_event_names_the_one_before_it_in_its_partition(labelling: ServiceUnderTest) -> None:
    for version in range(1, 4):
        await say(labelling.database, *range(200), version=version)
    by_partition: dict[int, list[tuple[UUID, UUID | None]]] = {}
    for envelope in await envelopes_of(labelling.database):
        by_partition.setdefault(envelope.partition, []).append((envelope.id, envelope.previous_id))
    assert len(by_partition) == 16
    for events in by_partition.values():
        assert [previous for _, previous in events] == [None, *(id_ for id_, _ in events[:-1])]


async def test_an_event_that_names_another_predecessor_is_not_applied(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    await say(labelling.database, 1, version=2)
    first, second = await envelopes_of(labelling.database)
    await listener.hear(first)
    with pytest.raises(LogChanged, match="lineage_broken"):
        await listener.hear(replace(second, previous_id=uuid4()))
    assert await listener.effects() == {"target-1": 1}
    await listener.hear(second)
    assert await listener.effects() == {"target-1": 2}


async def test_a_report_of_an_event_that_the_log_does_not_have_halts_the_listener(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    await listener.hear(replace(envelope, id=uuid4()))
    repair = listener.ears().repair
    with pytest.raises(LogChanged, match="log_went_back"):
        await repair.look("labelling", partitions=())


async def test_a_damaged_copy_is_a_hole_that_the_speakers_log_fills(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    for version in (1, 2):
        await say(labelling.database, 1, version=version)
    first, second = await envelopes_of(labelling.database)
    await listener.hear(replace(first, data='{"target_id": '), second)
    assert listener.feed.asked == [(PARTITION, 0)]
    assert await listener.effects() == {"target-1": 2}


def positions(*places: tuple[int, int, UUID], epoch: UUID) -> dict[str, Any]:
    return {
        "positions": [
            {"partition": partition, "seq": seq, "id": str(id_), "epoch": str(epoch)}
            for partition, seq, id_ in places
        ]
    }


async def test_a_listener_reports_where_it_stands_and_learns_what_is_strange(
    labelling: ServiceUnderTest,
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    async with labelling.client("events:feed", sub="service-indicators") as client:
        sound = positions((PARTITION, 1, envelope.id), epoch=envelope.epoch)
        answer = await client.put("/v1/events/heard", json=sound)
        assert answer.json() == {"epoch": str(envelope.epoch), "strange": []}
        wrong = positions((PARTITION, 1, uuid4()), (3, 7, uuid4()), epoch=envelope.epoch)
        answer = await client.put("/v1/events/heard", json=wrong)
        assert answer.json()["strange"] == sorted({PARTITION, 3})
    kept = await labelling.rows(
        "SELECT listener, partition, last_seq FROM labelling.heard_position WHERE last_seq > 0"
    )
    assert kept == [{"listener": "indicators", "partition": PARTITION, "last_seq": 1}]


@pytest.mark.parametrize(
    ("scope", "client_id"), [("events:feed", "holder-01"), ("labelling:read", "service-indicators")]
)
async def test_whoever_does_not_hear_this_log_reports_nothing(
    labelling: ServiceUnderTest, *, scope: str, client_id: str
) -> None:
    async with labelling.client(scope, sub=client_id) as client:
        answer = await client.put("/v1/events/heard", json={"positions": []})
    assert answer.status_code == 403


async def test_the_epoch_of_a_log_is_its_newest(labelling: ServiceUnderTest) -> None:
    newest = uuid4()
    await labelling.rows("INSERT INTO labelling.log_epoch (epoch, reason) VALUES ($1, 'restored')", newest)
    async with labelling.database.reading() as connection:
        assert (await event_log.watermark(connection, service="labelling")).epoch == newest


async def test_beside_a_halt_nothing_is_applied_even_by_one_who_has_not_seen_it(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    ears = listener.ears()
    await ears.store.halt("labelling", reason="hearing_again", detail={})
    with pytest.raises(SourceHalted):
        await ears.applier.hear([envelope])
    assert await listener.effects() == {}


async def test_a_long_hole_is_filled_a_page_at_a_time(
    labelling: ServiceUnderTest, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in range(1, 1001):
        await say(labelling.database, 1, version=version)
    newest = (await envelopes_of(labelling.database))[-1]
    passes: list[int] = []
    apply = Applier._apply

    async def counted(self: Applier, reads: Sequence[Read], *, tried: bool = False) -> dict[int, int]:
        passes.append(len(reads))
        return await apply(self, reads, tried=tried)

    monkeypatch.setattr(Applier, "_apply", counted)
    await listener.hear(newest)
    assert listener.feed.asked == [(PARTITION, 0), (PARTITION, 500)]
    assert await listener.effects() == {"target-1": 1000}
    # What was applied is not looked at again: the event behind the hole, then each page of it.
    assert passes == [1, 501, 500]
