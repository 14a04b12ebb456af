"""The invariant: the cubes are the sum of the contributions, whatever happened and in whatever order it was heard."""

import asyncio
from collections import defaultdict
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.indicators import cli
from services.indicators.queries import cells_adrift
from services.indicators.settings import Settings
from shared.events.envelope import Envelope, Fact
from tests.indicators.told import described, enrolled, settled, withdrawn
from tests.support.under_test import ServiceUnderTest, settings_of

CUBE = "SELECT * FROM indicators.cube ORDER BY level, place, flag, clock, day"
HEADS = "SELECT * FROM indicators.head_cube WHERE heads <> 0 ORDER BY level, place, day"
FACT_TABLES = (
    "enrolment_fact",
    "enrolment_history",
    "training_fact",
    "training_history",
    "cube",
    "head_cube",
)


def _history(chance: Random) -> list[Fact]:
    """A few enrolments of fewer learners, each with corrections, outcomes and retractions."""
    facts: list[Fact] = [
        described(f"training {number}", version=version, region=chance.choice(["11", "84", None]))
        for number in range(2)
        for version in range(1, chance.randint(2, 3))
    ]
    for number in range(chance.randint(2, 5)):
        facts += _enrolment(f"enrolment {number}", chance)
    return facts


def _enrolment(name: str, chance: Random) -> list[Fact]:
    entered = date(2016, 3, 1) + timedelta(days=chance.randint(0, 60))
    states: list[Fact] = [
        enrolled(
            name,
            version=version,
            of=f"learner {chance.randint(0, 2)}",
            training=f"training {chance.randint(0, 1)}",
            status=chance.choice(["in_training", "completed", "abandoned", "transferred", "cancelled"]),
            coverage=chance.choice(["covered", "covered", "not_covered"]),
            entered_on=entered,
            ended_on=entered + timedelta(days=chance.randint(0, 200)),
            women=chance.choice(["yes", "no", "unknown"]),
            qpv=chance.choice(["yes", "unknown"]),
        )
        for version in range(1, chance.randint(2, 4))
    ]
    for version in range(1, chance.randint(1, 4)):
        if chance.random() < 0.3:
            states.append(withdrawn(name, version=version))
        else:
            situation = chance.choice(["employed", "unemployed", "further_training", "excluded"])
            states.append(settled(name, situation, wave=chance.choice([3, 6]), version=version))
    return states


async def _forget(service: ServiceUnderTest) -> None:
    for table in FACT_TABLES:
        await service.rows(f"TRUNCATE indicators.{table}")


async def _cubes(service: ServiceUnderTest) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    cells = [tuple(row.values()) for row in await service.rows(CUBE)]
    counted = [cell for cell in cells if any(cell[5:])]
    return counted, [tuple(row.values()) for row in await service.rows(HEADS)]


async def _hear_in_lots(service: ServiceUnderTest, facts: list[Fact], *, chance: Random) -> None:
    while facts:
        size = chance.randint(1, 6)
        await service.hear(*facts[:size])
        facts = facts[size:]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_any_order_with_any_repetition_gives_the_same_cubes(
    indicators: ServiceUnderTest, seed: int
) -> None:
    chance = Random(seed)
    history = _history(chance)
    await _forget(indicators)
    await _hear_in_lots(indicators, history, chance=chance)
    in_order = await _cubes(indicators)

    shuffled = [*history, *chance.choices(history, k=5)]
    chance.shuffle(shuffled)
    await _forget(indicators)
    await _hear_in_lots(indicators, shuffled, chance=chance)

    assert await _cubes(indicators) == in_order
    async with indicators.database.reading() as connection:
        assert await cells_adrift(connection) == {"cube": 0, "head_cube": 0}
    assert await indicators.rows("SELECT * FROM indicators.parked_event") == []


async def test_listeners_that_work_at_the_same_time_lose_nothing_and_wait_for_nobody_in_a_ring(
    indicators: ServiceUnderTest,
) -> None:
    chance = Random(11)
    facts: list[Fact] = [described(f"training {number}") for number in range(2)]
    for number in range(60):
        facts += _enrolment(f"enrolment {number}", chance)
    lots: dict[tuple[str, int], list[Envelope]] = defaultdict(list)
    for envelope in indicators.envelopes(*facts):
        lots[envelope.speaker, envelope.partition // 4].append(envelope)

    await asyncio.gather(*(_hear_slowly(indicators, envelopes) for envelopes in lots.values()))

    async with indicators.database.reading() as connection:
        assert await cells_adrift(connection) == {"cube": 0, "head_cube": 0}
    assert await indicators.rows("SELECT * FROM indicators.parked_event") == []
    regions = await indicators.rows("SELECT DISTINCT site_region FROM indicators.enrolment_fact")
    assert {row["site_region"] for row in regions} <= {"11", None}


async def _hear_slowly(service: ServiceUnderTest, envelopes: list[Envelope]) -> None:
    envelopes.sort(key=lambda envelope: (envelope.partition, envelope.sequence))
    for start in range(0, len(envelopes), 10):
        await service.applier.hear(envelopes[start : start + 10])


async def _run(service: ServiceUnderTest, command: str) -> int:
    chosen = settings_of("indicators", service.cluster, database=service.database_name)
    assert isinstance(chosen, Settings)
    return await cli.run([command], chosen)


async def test_the_audit_sees_a_cell_that_drifted_and_a_rebuild_puts_it_right(
    indicators: ServiceUnderTest, capsys: Any
) -> None:
    await indicators.hear(described(), enrolled("a", status="completed"), settled("a"), enrolled("b"))
    before = await _cubes(indicators)
    assert await _run(indicators, "audit") == 0

    await indicators.rows("UPDATE indicators.cube SET entered = entered + 1 WHERE level = 'nation'")
    await indicators.rows("DELETE FROM indicators.head_cube WHERE level = 'region'")
    assert await _run(indicators, "audit") == 1
    assert "head_cube" in capsys.readouterr().out

    assert await _run(indicators, "rebuild") == 0
    assert await _run(indicators, "audit") == 0
    assert await _cubes(indicators) == before
