"""The log: numbers without gaps, in the order of the commits, whatever runs side by side."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from shared.events.labelling import TargetSet
from shared.platform import event_log
from shared.platform.database import Database
from shared.platform.event_log import MAX_EVENTS, TooManyEvents, partition_of
from tests.support.under_test import ServiceUnderTest


def target(number: int, version: int = 1) -> TargetSet:
    return TargetSet(
        target_id=f"target-{number}",
        version=version,
        indicator="entries",
        value=number,
        due_on=date(2017, 12, 31),
        label_fr="é",
        label_en="e",
    )


async def numbers_of(database: Database) -> dict[int, list[int]]:
    async with database.reading() as connection:
        rows = await connection.execute(text("SELECT partition, seq FROM event_log ORDER BY partition, seq"))
        numbers: dict[int, list[int]] = {}
        for row in rows:
            numbers.setdefault(row.partition, []).append(row.seq)
    return numbers


async def test_numbers_have_no_gap_under_concurrent_bulk_writers(labelling: ServiceUnderTest) -> None:
    async def write(writer: int) -> None:
        for version in range(5):
            async with labelling.database.transaction() as tx:
                tx.speak(*(target(writer * 1000 + number, version + 1) for number in range(100)))

    await asyncio.gather(*(write(writer) for writer in range(8)))
    numbers = await numbers_of(labelling.database)
    assert sum(len(found) for found in numbers.values()) == 8 * 5 * 100
    for found in numbers.values():
        assert found == list(range(1, len(found) + 1))


async def test_a_rolled_back_transaction_leaves_no_hole_and_no_event(labelling: ServiceUnderTest) -> None:
    class Refused(Exception):
        pass

    async def speak_and_fail() -> None:
        async with labelling.database.transaction() as tx:
            tx.speak(target(1))
            raise Refused

    with pytest.raises(Refused):
        await speak_and_fail()
    async with labelling.database.transaction() as tx:
        tx.speak(target(1))
    assert await numbers_of(labelling.database) == {partition_of("target-1"): [1]}


async def test_the_position_is_reported_only_once_it_is_durable(labelling: ServiceUnderTest) -> None:
    positions: list[event_log.Position] = []
    async with labelling.database.transaction(positions) as tx:
        tx.speak(target(1), target(1, 2))
        assert positions == []
    assert [str(position) for position in positions] == [f"labelling/{partition_of('target-1'):02d}/2"]


async def test_an_aggregate_keeps_its_order(labelling: ServiceUnderTest) -> None:
    async with labelling.database.transaction() as tx:
        tx.speak(*(target(7, version) for version in range(1, 50)))
    async with labelling.database.reading() as connection:
        read = await event_log.read(
            connection, service="labelling", partition=partition_of("target-7"), after=10, limit=5
        )
    assert [envelope.sequence for envelope in read] == [11, 12, 13, 14, 15]
    assert [envelope.aggregate_version for envelope in read] == [11, 12, 13, 14, 15]


async def test_a_transaction_that_speaks_too_much_is_refused_whole(labelling: ServiceUnderTest) -> None:
    with pytest.raises(TooManyEvents):
        async with labelling.database.transaction() as tx:
            tx.speak(*(target(number) for number in range(MAX_EVENTS + 1)))
    assert await numbers_of(labelling.database) == {}


async def test_the_log_cannot_be_rewritten_by_the_runtime_roles(labelling: ServiceUnderTest) -> None:
    async with labelling.database.transaction() as tx:
        tx.speak(target(1))
    for statement in ("UPDATE event_log SET type = 'x'", "DELETE FROM event_log", "TRUNCATE event_log"):
        with pytest.raises(Exception, match="permission denied"):
            async with labelling.database.transaction() as tx:
                await tx.execute(text(statement))
