"""What is heard counts once, whatever the order, the repetitions and the speaker that comes first."""

from datetime import date
from typing import Any

import pytest

from services.indicators.queries import cells_adrift
from tests.indicators.told import (
    an_id,
    described,
    enrolled,
    excluded,
    labelled,
    settled,
    target,
    withdrawn,
)
from tests.support.under_test import ServiceUnderTest

CELLS = "SELECT * FROM indicators.cube ORDER BY level, place, flag, clock, day"
HEADS = "SELECT * FROM indicators.head_cube WHERE heads <> 0 ORDER BY level, place, day"
EXITS = "SELECT * FROM indicators.cube WHERE level = 'nation' AND flag = 'all' AND clock = 'exit'"


async def _counts(service: ServiceUnderTest) -> list[dict[str, Any]]:
    """Cells that count something, without what they do not count."""
    cells = [
        {name: value for name, value in cell.items() if value != 0} for cell in await service.rows(CELLS)
    ]
    return [cell for cell in cells if len(cell) > 5]


async def _exits(service: ServiceUnderTest) -> dict[str, int]:
    """National exits, summed over the days."""
    rows = await service.rows(EXITS)
    names = set(rows[0]) - {"level", "place", "flag", "clock", "day"} if rows else set()
    sums = {name: sum(row[name] for row in rows) for name in sorted(names)}
    return {name: count for name, count in sums.items() if count}


async def _adrift(service: ServiceUnderTest) -> dict[str, int]:
    async with service.database.reading() as connection:
        return await cells_adrift(connection)


async def _parked(service: ServiceUnderTest) -> list[dict[str, Any]]:
    return await service.rows("SELECT type, reason FROM indicators.parked_event")


async def test_an_enrolment_counts_for_the_nation_its_region_and_its_training(
    indicators: ServiceUnderTest,
) -> None:
    await indicators.hear(described(), enrolled("a", women="yes", qpv="no"))

    entries = [cell for cell in await _counts(indicators) if cell["clock"] == "entry"]
    assert {(cell["level"], cell["place"]) for cell in entries} == {
        ("nation", "FR"),
        ("region", "11"),
        ("training", str(an_id("training"))),
    }
    assert {cell["flag"] for cell in entries} == {
        "all", "women:yes", "low_qualified:unknown", "jobseeker:unknown", "neet:unknown",
    }  # fmt: skip
    assert {cell["day"] for cell in entries} == {date(2016, 3, 1)}
    assert await _parked(indicators) == []


@pytest.mark.parametrize("status", ["completed", "abandoned", "transferred", "interrupted"])
async def test_an_end_counts_as_what_it_is(indicators: ServiceUnderTest, status: str) -> None:
    await indicators.hear(enrolled("a", status=status))

    assert await _exits(indicators) == {"exited": 1, status: 1}


async def test_an_end_nobody_declared_is_given_up_after_180_days(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", planned_end_on=date(2016, 7, 1)))

    assert await _exits(indicators) == {"exited": 1}
    assert {row["day"] for row in await indicators.rows(EXITS)} == {date(2016, 12, 28)}


@pytest.mark.parametrize(
    "said", [{"coverage": "waiting_for_label"}, {"coverage": "not_covered"}, {"status": "cancelled"}]
)
async def test_what_is_not_covered_or_never_began_counts_nowhere(
    indicators: ServiceUnderTest, said: dict[str, Any]
) -> None:
    await indicators.hear(enrolled("a", **said))

    assert await _counts(indicators) == []
    assert await indicators.rows(HEADS) == []


async def test_coverage_that_comes_later_counts_from_then_on(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", coverage="waiting_for_label"))
    await indicators.hear(enrolled("a", version=2))

    assert await _exits(indicators) == {"exited": 1}


async def test_an_outcome_may_come_before_its_enrolment(indicators: ServiceUnderTest) -> None:
    await indicators.hear(settled("a"))
    assert await _counts(indicators) == []

    await indicators.hear(enrolled("a", status="completed"))

    assert await _exits(indicators) == {"exited": 1, "completed": 1, "completed_e6": 1, "non_precarious_6": 1}
    assert await _adrift(indicators) == {"cube": 0, "head_cube": 0}


async def test_an_outcome_and_its_withdrawal_leave_the_cubes_as_they_were(
    indicators: ServiceUnderTest,
) -> None:
    await indicators.hear(enrolled("a", status="completed"), enrolled("b", status="abandoned"))
    before = await _counts(indicators)

    await indicators.hear(settled("a"), settled("b", "unemployed"))
    assert await _counts(indicators) != before
    await indicators.hear(withdrawn("a", version=2), withdrawn("b", version=2))

    assert await _counts(indicators) == before


async def test_an_enrolment_and_its_cancellation_leave_nothing(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", status="completed"))
    await indicators.hear(enrolled("a", status="cancelled", version=2))

    assert await _counts(indicators) == []
    assert await indicators.rows(HEADS) == []


async def test_a_corrected_outcome_moves_from_one_count_to_the_other(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", status="completed"))
    await indicators.hear(settled("a", job_class="temp_agency"))
    await indicators.hear(settled("a", "further_training", version=2))

    assert await _exits(indicators) == {"exited": 1, "completed": 1, "completed_s6": 1}


async def test_an_excluded_learner_is_excluded_at_both_waves_that_had_no_answer(
    indicators: ServiceUnderTest,
) -> None:
    await indicators.hear(enrolled("a", status="completed"))
    await indicators.hear(excluded("a", version=1))

    assert await _exits(indicators) == {"exited": 1, "completed": 1, "completed_z3": 1, "completed_z6": 1}


async def test_duplicates_and_older_states_change_nothing(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", status="completed", version=3), settled("a", version=2))
    before = await _counts(indicators)

    await indicators.hear(enrolled("a", status="completed", version=3), enrolled("a", version=1))
    await indicators.hear(settled("a", version=2), withdrawn("a", version=1))

    assert await _counts(indicators) == before
    assert await indicators.rows("SELECT count(*) AS n FROM indicators.enrolment_history") == [{"n": 1}]


async def test_several_states_of_one_enrolment_in_one_batch_count_as_the_last(
    indicators: ServiceUnderTest,
) -> None:
    await indicators.hear(
        enrolled("a"), enrolled("a", status="completed", version=2), enrolled("a", version=1)
    )

    assert await _exits(indicators) == {"exited": 1, "completed": 1}


async def test_a_corrected_profile_moves_between_audiences(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", women="unknown"))
    await indicators.hear(enrolled("a", women="yes", version=2))

    flags = {cell["flag"] for cell in await _counts(indicators)}
    assert "women:yes" in flags
    assert "women:unknown" not in flags


async def test_a_training_heard_late_takes_its_enrolments_to_its_region(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", status="completed"), enrolled("b"), enrolled("c", training="another"))
    await indicators.hear(settled("a"))
    assert {cell["place"] for cell in await _counts(indicators) if cell["level"] == "region"} == {"unknown"}

    await indicators.hear(described(region="84"), described("another", region=None))

    regions = {cell["place"] for cell in await _counts(indicators) if cell["level"] == "region"}
    assert regions == {"84", "none"}
    heads = await indicators.rows(HEADS)
    assert {row["place"] for row in heads if row["level"] == "region"} == {"84", "none"}
    assert await _adrift(indicators) == {"cube": 0, "head_cube": 0}


async def test_a_training_that_moves_takes_its_enrolments_along(indicators: ServiceUnderTest) -> None:
    await indicators.hear(described(), enrolled("a"))
    await indicators.hear(described(region="93", version=2))
    await indicators.hear(described(region="11", version=1))

    regions = {cell["place"] for cell in await _counts(indicators) if cell["level"] == "region"}
    assert regions == {"93"}


async def test_a_learner_with_two_enrolments_is_one_head(indicators: ServiceUnderTest) -> None:
    await indicators.hear(
        enrolled("a", of="Ada", status="transferred", ended_on=date(2016, 4, 1)),
        enrolled("b", of="Ada", entered_on=date(2016, 3, 20), status="completed", training="another"),
        enrolled("c", of="Blaise", status="abandoned", ended_on=date(2016, 5, 1)),
    )

    national = [row for row in await indicators.rows(HEADS) if row["level"] == "nation"]
    assert [(row["day"], row["heads"]) for row in national] == [
        (date(2016, 3, 1), 2),
        (date(2016, 5, 1), -1),
    ]
    assert await _adrift(indicators) == {"cube": 0, "head_cube": 0}


async def test_heads_follow_a_merge_of_learners(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", of="Ada"), enrolled("b", of="A. Lovelace"))
    assert sum(row["heads"] for row in await _national_heads(indicators)) == 0
    assert max(row["heads"] for row in await _national_heads(indicators)) == 2

    await indicators.hear(enrolled("b", of="Ada", version=2))

    assert max(row["heads"] for row in await _national_heads(indicators)) == 1
    assert await _adrift(indicators) == {"cube": 0, "head_cube": 0}


async def _national_heads(service: ServiceUnderTest) -> list[dict[str, Any]]:
    return [row for row in await service.rows(HEADS) if row["level"] == "nation"]


async def test_an_enrolment_that_ends_the_day_it_begins_is_nobody(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a", status="abandoned", ended_on=date(2016, 3, 1)))

    assert await indicators.rows(HEADS) == []
    assert await _exits(indicators) == {"exited": 1, "abandoned": 1}


async def test_labels_and_targets_keep_their_newest_state(indicators: ServiceUnderTest) -> None:
    await indicators.hear(labelled(version=2, revoked_on=date(2016, 9, 1)), labelled(version=1))
    await indicators.hear(target("t", indicator="trained_or_in_training", value=8600))
    await indicators.hear(target("t", indicator="trained_or_in_training", value=9000))

    assert await indicators.rows("SELECT revoked_on, label_version FROM indicators.label_fact") == [
        {"revoked_on": date(2016, 9, 1), "label_version": 2}
    ]
    assert await indicators.rows("SELECT value FROM indicators.target_fact") == [{"value": 8600}]
    assert await _parked(indicators) == []
