"""What was parked is driven again in order, once, and what is refused again stays with everything behind it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from shared.platform.event_log import partition_of
from shared.platform.exchange.redrive import Driven, Redriver, SourceHalted
from shared.platform.exchange.redrive_store import Parked, PostgresRedriveStore
from tests.platform.test_exchange import Listener, envelopes_of, eventually, listener, say
from tests.support.under_test import ServiceUnderTest

__all__ = ["listener"]

BY = "operator-of-the-test"


def redriver_of(listener: Listener) -> Redriver:
    return Redriver(PostgresRedriveStore(listener.database), listener.ears().applier)


async def drive_all(listener: Listener) -> list[Driven]:
    redriver = redriver_of(listener)
    found = await PostgresRedriveStore(listener.database).parked()
    return [await redriver.drive(parked, by=BY) for parked in found]


async def rows_of(labelling: ServiceUnderTest, query: str) -> list[dict[str, Any]]:
    return await labelling.rows(query)


@pytest.fixture
async def parked(labelling: ServiceUnderTest, listener: Listener) -> Parked:
    """Five versions of one target of which the first was refused, among others that went through."""
    await say(labelling.database, *range(20, 30))
    for version in range(1, 6):
        await say(labelling.database, 7, version=version)
    listener.refuse = lambda fact: fact.target_id == "target-7"
    await listener.hear(*await envelopes_of(labelling.database))
    listener.refuse = lambda _: False
    return Parked("labelling", partition_of("target-7"), "target-7")


async def test_a_parked_aggregate_is_driven_in_order_and_its_followers_flow_again(
    labelling: ServiceUnderTest, listener: Listener, parked: Parked
) -> None:
    assert len(await listener.parked()) == 5
    assert await drive_all(listener) == [Driven(parked, 5)]
    assert await listener.parked() == []
    assert (await listener.effects())["target-7"] == 5
    heard = await rows_of(
        labelling, "SELECT detail FROM indicators.journal WHERE action = 'exchange.redriven'"
    )
    assert len(heard) == 1
    await say(labelling.database, 7, version=6)
    await listener.hear(*await envelopes_of(labelling.database))
    assert await listener.parked() == []
    assert (await listener.effects())["target-7"] == 6


async def test_driving_twice_and_from_two_places_at_once_counts_once(
    listener: Listener, parked: Parked
) -> None:
    results = await asyncio.gather(*(redriver_of(listener).drive(parked, by=BY) for _ in range(3)))
    assert sorted(result.driven for result in results) == [0, 0, 5]
    assert await drive_all(listener) == []
    assert (await listener.effects())["target-7"] == 5


async def test_what_is_refused_again_stays_with_all_behind_it_and_says_why(
    labelling: ServiceUnderTest, listener: Listener, parked: Parked
) -> None:
    listener.refuse = lambda fact: fact.version == 3
    [driven] = await drive_all(listener)
    assert driven == Driven(parked, 2, "ValueError")
    assert (await listener.effects())["target-7"] == 2
    left = await rows_of(
        labelling,
        "SELECT CAST(envelope->'data'->>'version' AS int) AS version, tries, reason, tried_at IS NOT NULL AS tried"
        " FROM indicators.parked_event ORDER BY seq",
    )
    assert [row["version"] for row in left] == [3, 4, 5]
    assert left[0] == {"version": 3, "tries": 1, "reason": "ValueError", "tried": True}
    assert [row["tries"] for row in left[1:]] == [0, 0]
    journal = await rows_of(
        labelling, "SELECT client_id, action FROM indicators.journal WHERE client_id = 'operator-of-the-test'"
    )
    assert sorted(row["action"] for row in journal) == ["exchange.redrive_refused", "exchange.redriven"]
    listener.refuse = lambda _: False
    assert [one.driven for one in await drive_all(listener)] == [3]
    assert (await listener.effects())["target-7"] == 5


async def test_an_event_that_cannot_be_read_yet_keeps_its_reason(
    labelling: ServiceUnderTest, listener: Listener
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    await listener.hear(envelope)
    await labelling.rows(
        "INSERT INTO indicators.parked_event (source, partition, seq, aggregate_id, type, envelope, reason)"
        " VALUES ('labelling', $1, 1, 'target-1', 'x', CAST($2 AS json), 'unknown_type')",
        envelope.partition,
        envelope.to_json().replace("target.set.v1", "target.set.v9"),
    )
    [driven] = await drive_all(listener)
    assert (driven.driven, driven.refused) == (0, "unknown_type")
    assert await listener.parked() == [("target-1", "unknown_type")]


async def test_an_error_of_the_machine_changes_nothing_and_is_told(
    labelling: ServiceUnderTest, listener: Listener, parked: Parked
) -> None:
    await labelling.rows("ALTER TABLE indicators.journal RENAME TO journal_away")
    with pytest.raises((ProgrammingError, OperationalError)):
        await redriver_of(listener).drive(parked, by=BY)
    await labelling.rows("ALTER TABLE indicators.journal_away RENAME TO journal")
    assert {reason for _, reason in await listener.parked()} == {"ValueError", "behind_parked"}
    assert [one.driven for one in await drive_all(listener)] == [5]


async def test_a_halted_source_is_not_driven(listener: Listener, parked: Parked) -> None:
    await listener.ears().store.halt("labelling", reason="log_went_back", detail={})
    with pytest.raises(SourceHalted):
        await redriver_of(listener).drive(parked, by=BY)
    assert len(await listener.parked()) == 5


async def test_no_follower_is_parked_behind_what_is_being_driven(
    labelling: ServiceUnderTest, listener: Listener, parked: Parked
) -> None:
    await say(labelling.database, 7, version=6)
    followers = await envelopes_of(labelling.database)
    async with PostgresRedriveStore(listener.database).begin(parked) as tx:
        driven = await tx.events(None)
        hearing = asyncio.create_task(listener.hear(*followers))

        async def waits_or_has_ended() -> bool:
            waiting = await labelling.rows("SELECT FROM pg_locks WHERE NOT granted")
            return bool(waiting) or hearing.done()

        await eventually(waits_or_has_ended)
        await listener.ears().applier.drive(tx.work, driven)
        await tx.unpark(driven)
    await hearing
    assert await listener.parked() == []
    assert (await listener.effects())["target-7"] == 6
