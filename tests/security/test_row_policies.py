"""What each service's policies show to whom, asked for without any filter in the API's role."""

from collections.abc import Sequence
from typing import Any

from shared.platform.caller import Caller
from shared.platform.database import Database
from shared.platform.sight import Sight
from tests.followup.lines import EVERYTHING, contract, enrolment, lot
from tests.indicators.told import described, enrolled
from tests.labelling.builders import Scene
from tests.support.under_test import ServiceUnderTest

MINE, OTHERS, REPORTER = "000000018", "000000026", "france-travail"


async def seen(service: ServiceUnderTest, tables: Sequence[str], **who: Any) -> list[int]:
    """How many rows of each table a caller sees."""
    database: Database = service.app.state.database
    whose = Sight.of(Caller("somebody", frozenset(), **who))
    async with database.seen_by(whose).reading() as connection:
        return [
            (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 - our own names
            for table in tables
        ]


async def test_an_application_is_its_holders_and_the_offices(labelling: ServiceUnderTest) -> None:
    scene = await Scene(labelling).begin()
    await scene.label("FORM-1")
    tables = ("application", "decision", "label", "organisation")
    assert await seen(labelling, tables, org=MINE) == [1, 1, 1, 1]
    assert await seen(labelling, tables) == [1, 1, 1, 1]
    assert await seen(labelling, tables, org=OTHERS) == [0, 0, 1, 1], "the register is public"


async def test_what_is_said_of_a_learner_is_seen_by_reporters_and_the_holder(
    followup: ServiceUnderTest,
) -> None:
    await followup.hear(enrolment())
    async with followup.client(EVERYTHING, reporter=REPORTER) as reporter:
        assert (await reporter.post("/v1/outcomes", json=lot(contract()))).status_code == 207
    tables = ("followup", "observation", "lot", "observation_history")
    assert await seen(followup, tables, reporter=REPORTER) == [1, 1, 1, 0]
    assert await seen(followup, tables, reporter="another") == [1, 1, 0, 0]
    assert await seen(followup, tables, org=MINE) == [1, 1, 0, 0]
    assert await seen(followup, tables, org=OTHERS) == [0, 0, 0, 0]
    assert await seen(followup, tables) == [0, 0, 0, 0]


async def test_facts_and_cells_are_those_of_ones_own_trainings(indicators: ServiceUnderTest) -> None:
    await indicators.hear(described(), enrolled("one"), described("other", holder=OTHERS))
    facts = ("enrolment_fact", "training_fact", "cube", "head_cube")
    whole = await seen(indicators, facts)
    assert whole[:2] == [1, 2]
    own = await seen(indicators, facts, org=MINE)
    assert own[:2] == [1, 1]
    for mine, all_ in zip(own[2:], whole[2:], strict=True):
        assert 0 < mine < all_
    assert await seen(indicators, facts, org=OTHERS) == [0, 1, 0, 0]
