"""Replicas of a listener share its durables, replicas of a relay its partitions; an overtaken one changes nothing."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from shared.events.envelope import Envelope
from shared.platform.database import Database
from shared.platform.exchange.broker import Holding, Tail
from shared.platform.exchange.intake_store import PostgresIntakeStore
from shared.platform.exchange.relay_store import LOG_WENT_BACK, Lease, PostgresRelayStore
from shared.platform.topology import PARTITIONS, durables
from tests.platform.test_exchange import envelopes_of, say
from tests.support.under_test import ServiceUnderTest

NAMES = [durable.name for durable in durables("indicators") if durable.speaker == "labelling"]
LONG, PAST = 60.0, -1.0


async def share(store: PostgresIntakeStore, me: UUID, *, seconds: float = LONG) -> set[str]:
    return await store.share("labelling", durables=NAMES, me=me, seconds=seconds)


@pytest.fixture
def store(indicators: ServiceUnderTest) -> PostgresIntakeStore:
    return PostgresIntakeStore(indicators.database)


async def test_one_replica_takes_every_durable(store: PostgresIntakeStore) -> None:
    assert await share(store, uuid4()) == set(NAMES)


async def test_a_second_replica_gets_its_half_once_the_first_has_let_go(store: PostgresIntakeStore) -> None:
    first, second = uuid4(), uuid4()
    await share(store, first)
    assert await share(store, second) == set()
    kept = await share(store, first)
    taken = await share(store, second)
    assert len(kept) == len(taken) == len(NAMES) // 2
    assert kept | taken == set(NAMES)


async def test_what_a_dead_replica_held_is_taken_over_when_its_lease_has_run_out(
    store: PostgresIntakeStore,
) -> None:
    await share(store, uuid4(), seconds=PAST)
    assert await share(store, uuid4()) == set(NAMES)


async def test_a_replica_that_stops_leaves_its_durables_at_once(store: PostgresIntakeStore) -> None:
    first = uuid4()
    await share(store, first)
    await store.leave(first)
    assert await share(store, uuid4()) == set(NAMES)


@pytest.fixture
def speaker(labelling: ServiceUnderTest) -> Database:
    return labelling.database


async def test_an_overtaken_relay_moves_no_cursor(speaker: Database) -> None:
    store, frozen, next_one = PostgresRelayStore(speaker), uuid4(), uuid4()
    await say(speaker, *range(20))
    before = await store.take_leases(frozen, seconds=PAST)
    batch = await store.unpublished(before, limit=100)
    after = await store.take_leases(next_one, seconds=LONG)
    assert {lease.fence for lease in after} == {lease.fence + 1 for lease in before}
    assert not await store.advance(before[:1], published=of(before[0], batch))
    assert {lease.through for lease in await store.take_leases(next_one, seconds=LONG)} == {0}
    assert await store.take_leases(frozen, seconds=LONG) == []


def of(lease: Lease, batch: list[Envelope]) -> list[Envelope]:
    """What a batch has of one partition."""
    return [envelope for envelope in batch if envelope.partition == lease.partition]


async def published(store: PostgresRelayStore, speaker: Database) -> dict[int, Tail]:
    """All that was said so far is published; gives what a sound broker then holds."""
    leases = await store.take_leases(uuid4(), seconds=PAST)
    said = await envelopes_of(speaker)
    tails = {envelope.partition: Tail(envelope.epoch, envelope.sequence, envelope.id) for envelope in said}
    assert await store.advance([lease for lease in leases if lease.partition in tails], published=said)
    return tails


async def through(store: PostgresRelayStore) -> dict[int, int]:
    leases = await store.take_leases(uuid4(), seconds=PAST)
    return {lease.partition: lease.through for lease in leases}


async def test_a_broker_that_holds_everything_moves_no_cursor(speaker: Database) -> None:
    store = PostgresRelayStore(speaker)
    await say(speaker, *range(100))
    tails = await published(store, speaker)
    assert await store.meet(Holding("one", tails)) is None
    assert await through(store) == {number: tails[number].seq for number in range(PARTITIONS)}


async def test_a_wiped_broker_sets_the_cursors_back_to_what_the_slowest_listener_has_heard(
    labelling: ServiceUnderTest,
) -> None:
    store = PostgresRelayStore(labelling.database)
    await say(labelling.database, *range(100))
    await published(store, labelling.database)
    for listener, seq in (("enrolment", 1), ("followup", 3), ("indicators", 2)):
        await labelling.rows(
            "UPDATE labelling.heard_position SET last_seq = $2 WHERE listener = $1", listener, seq
        )
    assert await store.meet(Holding("another", {})) is None
    assert set((await through(store)).values()) == {1}


async def test_a_listener_that_never_reported_has_heard_nothing(labelling: ServiceUnderTest) -> None:
    store = PostgresRelayStore(labelling.database)
    await say(labelling.database, *range(100))
    await published(store, labelling.database)
    await labelling.rows("UPDATE labelling.heard_position SET last_seq = 2 WHERE listener <> 'followup'")
    assert await store.meet(Holding("another", {})) is None
    assert set((await through(store)).values()) == {0}


async def test_an_old_copy_of_the_broker_sets_the_cursors_back_to_its_tail(speaker: Database) -> None:
    store = PostgresRelayStore(speaker)
    await say(speaker, *range(60))
    old = {
        envelope.partition: Tail(envelope.epoch, envelope.sequence, envelope.id)
        for envelope in await envelopes_of(speaker)
    }
    await say(speaker, *range(60, 200))
    await published(store, speaker)
    assert await store.meet(Holding("one", old)) is None
    assert await through(store) == {number: old[number].seq if number in old else 0 for number in range(16)}


async def test_a_broker_that_knows_more_than_the_log_halts_the_relay_until_a_decision(
    speaker: Database,
) -> None:
    store = PostgresRelayStore(speaker)
    await say(speaker, *range(60))
    tails = await published(store, speaker)
    tail = tails[0]
    ahead = tails | {0: Tail(tail.epoch, tail.seq + 1, uuid4())}
    assert await store.meet(Holding("one", ahead)) == LOG_WENT_BACK
    # It stays halted, whatever the broker says next.
    assert await store.meet(Holding("one", tails)) == LOG_WENT_BACK


async def test_another_event_at_a_number_that_was_published_halts_the_relay(speaker: Database) -> None:
    store = PostgresRelayStore(speaker)
    await say(speaker, *range(60))
    tails = await published(store, speaker)
    other = tails | {0: Tail(tails[0].epoch, tails[0].seq, uuid4())}
    assert await store.meet(Holding("one", other)) == LOG_WENT_BACK


async def test_a_relay_that_outlived_a_restore_counts_nothing_that_the_log_does_not_have(
    speaker: Database,
) -> None:
    store = PostgresRelayStore(speaker)
    await say(speaker, 1)
    leases = await store.take_leases(uuid4(), seconds=LONG)
    [event] = await store.unpublished(leases, limit=10)
    [lease] = [lease for lease in leases if lease.partition == event.partition]
    for lost in (replace(event, sequence=2), replace(event, id=uuid4())):
        assert not await store.advance([lease], published=[lost])
    assert not await store.advance([replace(lease, through=7)], published=[event])
    assert await store.advance([lease], published=[event])


async def test_a_busy_partition_does_not_keep_the_others_waiting(speaker: Database) -> None:
    store = PostgresRelayStore(speaker)
    for version in range(1, 100):
        await say(speaker, 1, version=version)
    await say(speaker, *range(2, 200))
    leases = await store.take_leases(uuid4(), seconds=LONG)
    batch = await store.unpublished(leases, limit=48)
    assert {envelope.partition for envelope in batch} == set(range(PARTITIONS))
    assert len(batch) <= 48
    for partition in range(PARTITIONS):
        numbers = [envelope.sequence for envelope in batch if envelope.partition == partition]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_cursor_says_when_it_last_moved(labelling: ServiceUnderTest) -> None:
    await labelling.rows("UPDATE labelling.relay_cursor SET moved_at = 'epoch'")
    await say(labelling.database, *range(50))
    await published(PostgresRelayStore(labelling.database), labelling.database)
    rows = await labelling.rows(
        "SELECT bool_and((published_through > 0) = (moved_at > 'epoch')) AS told FROM labelling.relay_cursor"
    )
    assert rows == [{"told": True}]


async def test_while_the_log_is_halted_no_relay_has_anything_to_publish(speaker: Database) -> None:
    store, other = PostgresRelayStore(speaker), uuid4()
    await say(speaker, *range(60))
    tails = await published(store, speaker)
    assert await store.take_leases(other, seconds=PAST)
    ahead = tails | {0: Tail(tails[0].epoch, tails[0].seq + 1, uuid4())}
    assert await store.meet(Holding("one", ahead)) == LOG_WENT_BACK
    assert await store.take_leases(other, seconds=LONG) == []
