"""Two accidents on the whole stack, mended by the operators' command line: a wrong deploy, and a database set back."""

import argparse
import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import pytest

from deploy.local import services
from deploy.local.place import STATES, Place
from deploy.local.postgres import DATABASE
from deploy.local.state import passwords
from shared.platform.operators import __main__ as command_line
from shared.platform.operators.environment import Refused
from tests.journeys.test_push_reaches_figure import IDLE, JOB, figure, lot, parts, person, roster_of
from tests.support.embedded import free_port_base
from tests.support.living_stack import LivingStack, living_stack
from tests.support.scenario import HOLDER, SIREN, label_a_training, post

STATE = "test-mended"
DEADLINE = 40.0


@dataclass
class House:
    """A running stack, its database, and its operator."""

    stack: LivingStack
    place: Place

    async def operate(self, *words: str) -> tuple[int, str]:
        """A verb as the command line runs it; exit code and what it printed."""
        verb, parser, said = command_line.VERBS[words[0]], argparse.ArgumentParser(), io.StringIO()
        verb.arguments(parser)
        with redirect_stdout(said), redirect_stderr(said):
            try:
                return await verb.run(parser.parse_args(words[1:])), said.getvalue()
            except Refused as refusal:
                return 2, str(refusal)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=self.place.ports["postgres"],
            user="postgres",
            password=passwords(self.place)["postgres"],
            database=DATABASE,
        )
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def declare(self, *numbers: int) -> str:
        """Learners who entered and completed; gives the positions."""
        holder = await self.stack.headers(HOLDER)
        own = f"{self.stack.url('enrolment')}/v1/holders/{SIREN}"
        entries = {"items": [person(number) for number in numbers]}
        await post(self.stack, f"{own}/enrolments", headers=holder, body=entries)
        ends = [
            {"reference": f"E-{number}", "kind": "completed", "ended_on": "2016-06-03"} for number in numbers
        ]
        ended = await post(self.stack, f"{own}/ends", headers=holder, body={"items": ends})
        return ended.headers["tremplin-position"]

    async def push(self, reference: str, *items: dict[str, Any]) -> str:
        headers = await self.stack.headers("france-travail")
        url = f"{self.stack.url('followup')}/v1/outcomes"
        answer = await post(self.stack, url, headers=headers, body=lot(reference, *items))
        return answer.headers["tremplin-position"]

    async def until(self, query: str) -> None:
        """Wait until a question to the database is answered by yes."""
        async with asyncio.timeout(DEADLINE):
            while not next(iter(await self.rows(f"SELECT ({query}) AS yes")))["yes"]:
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def module_environment() -> Iterator[pytest.MonkeyPatch]:
    """The settings of the services, as an operator has them."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
async def house(module_environment: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Four leavers, one with a job, one without."""
    port_base = free_port_base()
    async with living_stack(state=STATE, port_base=port_base) as stack:
        found = House(stack, Place(root=STATES, state=STATE, port_base=port_base))
        for name, value in services.environment(found.place, passwords=passwords(found.place)).items():
            module_environment.setenv(name, value)
        await label_a_training(stack, on=date(2016, 2, 3), session_end=date(2016, 6, 3))
        ended = await found.declare(0, 1, 2, 3)
        ids = await roster_of(stack, month="2016-06")
        # An outcome that comes before followup has heard of the exit would wait, and say nothing yet.
        await found.until("(SELECT count(*) = 4 FROM followup.followup WHERE status = 'open')")
        pushed = await found.push(
            "LOT-1",
            JOB | {"reference": "R-0", "enrolment": ids[0]},
            IDLE | {"reference": "R-1", "enrolment": ids[1]},
        )
        assert parts(await figure(stack, "insertion_6", at_least=f"{ended}, {pushed}")) == (1, 2, 2)
        yield found


async def test_wrong_effects_of_a_deploy_are_told_and_mended(house: House) -> None:
    assert (await house.operate("audit", "indicators"))[0] == 0
    await house.rows(
        "UPDATE indicators.enrolment_fact SET situation_6 = 'employed' WHERE situation_6 IS NOT NULL"
    )
    await house.rows("UPDATE indicators.cube SET completed_e6 = completed_e6 + 1 WHERE completed_e6 > 0")
    code, said = await house.operate("rebuild", "indicators", "--expect-equal", "--json")
    assert code == 1, said
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {row["table"] for row in told if row["verdict"] == "differs"} == {"enrolment_fact", "cube"}
    code, said = await house.operate("rebuild", "indicators")
    assert code == 0, said
    assert parts(await figure(house.stack, "insertion_6", at_least="enrolment/00/0")) == (1, 2, 2)
    assert (await house.operate("rebuild", "indicators"))[0] == 2
    assert (await house.operate("rebuild", "indicators", "--forget"))[0] == 0
    assert (await house.operate("rebuild", "indicators", "--expect-equal"))[0] == 0

    before = await house.rows("SELECT last_seq FROM followup.event_counter ORDER BY partition")
    code, said = await house.operate("rebuild", "followup", "--source", "enrolment")
    assert code == 0, said
    assert await house.rows("SELECT last_seq FROM followup.event_counter ORDER BY partition") == before


async def test_a_database_set_back_stops_all_and_is_decided(house: House) -> None:
    await house.operate("rebuild", "indicators", "--forget")
    await copy(house)
    lost = await house.declare(4, 5)
    await figure(house.stack, "insertion_6", at_least=lost)
    await house.until("SELECT count(*) FILTER (WHERE status = 'open') = 6 FROM followup.followup")
    gone = await house.rows(GONE)
    await set_back(house)
    await house.declare(6)
    await house.until("SELECT halted IS NOT NULL FROM enrolment.relay_state")
    for listener in ("followup", "indicators"):
        await house.until(
            f"SELECT halted IS NOT NULL FROM {listener}.intake_source WHERE source = 'enrolment'"  # noqa: S608
        )
    assert await house.rows("SELECT FROM followup.followup WHERE status = 'open'") == [{}] * 6
    code, said = await house.operate("restored", "enrolment", "--listener", "followup", "--yes")
    assert code == 2, said
    assert (await house.operate("restored", "enrolment"))[0] == 2
    code, said = await house.operate("restored", "enrolment", "--yes", "--json")
    assert code == 0, said
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [line["position"] for line in told] == [row["position"] for row in gone]
    assert len(gone) == 4
    for listener in ("followup", "indicators"):
        code, said = await house.operate("restored", "enrolment", "--listener", listener, "--yes")
        assert code == 0, said
        assert "had applied 4 events" in said
    again = await house.declare(7)
    assert parts(await figure(house.stack, "insertion_6", at_least=again)) == (1, 2, 4)
    await house.until("SELECT count(*) FILTER (WHERE status = 'open') = 6 FROM followup.followup")
    assert (await house.operate("rebuild", "indicators", "--forget"))[0] == 0
    code, said = await house.operate("rebuild", "indicators", "--expect-equal")
    assert code == 0, said


GONE = """
SELECT format('enrolment/%s/%s', lpad(partition::text, 2, '0'), seq) AS position FROM enrolment.event_log
EXCEPT SELECT format('enrolment/%s/%s', lpad(partition::text, 2, '0'), seq) FROM backup.event_log ORDER BY 1
"""


async def tables_of(house: House) -> list[str]:
    rows = await house.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'enrolment'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'"
    )
    return [row["relname"] for row in rows]


async def copy(house: House) -> None:
    await house.rows("CREATE SCHEMA backup")
    for table in await tables_of(house):
        await house.rows(f"CREATE TABLE backup.{table} AS SELECT * FROM enrolment.{table}")  # noqa: S608


async def set_back(house: House) -> None:
    """As after a restore: the older content, and no connection from before."""
    tables = await tables_of(house)
    script = [
        "SET session_replication_role = replica",
        f"TRUNCATE {', '.join(f'enrolment.{t}' for t in tables)}",
    ]
    script += [
        f"INSERT INTO enrolment.{table} OVERRIDING SYSTEM VALUE SELECT * FROM backup.{table}"  # noqa: S608
        for table in tables
    ]
    script.append("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename ^@ 'enrolment_'")
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=house.place.ports["postgres"],
        user="postgres",
        password=passwords(house.place)["postgres"],
        database=DATABASE,
    )
    async with connection.transaction():
        for statement in script:
            await connection.execute(statement)
    await connection.close()
