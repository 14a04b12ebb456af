"""The second wall: what the database itself shows to the API's role, whatever the query asks for."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import asyncpg
import pytest

from shared.platform.caller import Caller
from shared.platform.database import Database
from shared.platform.sight import PUBLIC, Sight
from shared.platform.topology import SPEAKERS
from tests.enrolment.builders import Holder, entry, label, session
from tests.support.cluster import Cluster
from tests.support.under_test import ServiceUnderTest

MINE, OTHERS = "000000018", "000000026"
_OF_THE_EXCHANGE: Final = (
    "alembic_version", "event_counter", "event_log", "event_log_unplanned", "heard_position", "intake_digest",
    "intake_lease", "intake_member", "intake_position", "intake_source", "intake_watermark", "log_archive",
    "log_cut", "log_day", "log_epoch", "parked_event", "redrive_request", "relay_cursor", "relay_state",
)  # fmt: skip
OPEN: Mapping[str, str] = dict.fromkeys(
    _OF_THE_EXCHANGE, "of the exchange: the doors to it are the services' and the operators' alone"
) | {
    "labelling.call": "public",
    "labelling.target": "public",
    "labelling.network": "public",
    "labelling.network_member": "public",
    "labelling.bridge": "public",
    "labelling.label_change": "acts on a label, which is public with its status",
    "labelling.decision_head": "one number and one hash",
    "indicators.target_fact": "public",
}
"""Tables that everybody at the API may read, and why."""
_UNBOUND = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = CAST($1 AS regnamespace) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT (
    c.relrowsecurity AND c.relforcerowsecurity AND (
        SELECT count(DISTINCT r.rolname) FROM pg_policy p JOIN pg_roles r ON r.oid = ANY (p.polroles)
        WHERE p.polrelid = c.oid AND r.rolname LIKE c.relnamespace::regnamespace::text || '\\_%') = 3)
"""


async def unbound(connection: asyncpg.Connection, service: str) -> set[str]:
    """Tables of a service whose rows no policy binds, and that are not open to all."""
    names = {row["relname"] for row in await connection.fetch(_UNBOUND, service)}
    return {name for name in names if name not in OPEN and f"{service}.{name}" not in OPEN}


@pytest.mark.parametrize("service", SPEAKERS)
async def test_every_table_has_its_policies_or_a_reason(
    cluster: Cluster, database: str, *, service: str
) -> None:
    connection = await cluster.superuser(database)
    try:
        assert await unbound(connection, service) == set()
        await connection.execute(f"CREATE TABLE {service}.planted (holder text)")
        await connection.execute(f"ALTER TABLE {service}.journal NO FORCE ROW LEVEL SECURITY")
        assert await unbound(connection, service) == {"planted", "journal"}
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SPEAKERS)
async def test_no_reason_stands_for_a_table_that_is_not_there(
    cluster: Cluster, database: str, *, service: str
) -> None:
    connection = await cluster.superuser(database)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
    finally:
        await connection.close()
    there = {row["tablename"] for row in rows}
    assert {name.partition(".")[2] for name in OPEN if name.startswith(f"{service}.")} <= there


@pytest.fixture
async def desk(enrolment: ServiceUnderTest, holder: Holder) -> AsyncIterator[Database]:
    """The API's role on a database in which one holder has a session and an enrolment."""
    answer = await holder.enter()
    assert answer.json()["verdict"] == "created", answer.text
    database = Database(
        enrolment.cluster.url(enrolment.database_name, role="enrolment_api"),
        service="enrolment",
        role="api",
        pool_size=1,
    )
    yield database
    await database.close()


@pytest.fixture
async def holder(enrolment: ServiceUnderTest) -> Holder:
    await enrolment.hear(label())
    known = Holder(enrolment)
    assert (await known.put("sessions/S-1", session())).status_code == 200
    return known


def sight(**who: Any) -> Sight:
    return Sight.of(Caller("client", frozenset(), **who))


async def seen(desk: Database, whose: Sight) -> dict[str, int]:
    """How many rows of each table one sees who asks for all."""
    counts = {}
    for table in ("labels", "sessions", "learners", "enrolments"):
        async with desk.seen_by(whose).reading() as connection:
            found = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
            counts[table] = int(found.scalar_one())
    return counts


async def test_a_query_without_a_filter_shows_ones_own_rows_alone(desk: Database) -> None:
    everything = {"labels": 1, "sessions": 1, "learners": 1, "enrolments": 1}
    nothing = dict.fromkeys(everything, 0)
    assert await seen(desk, sight(org=MINE)) == everything
    assert await seen(desk, sight(org=OTHERS)) == nothing
    assert await seen(desk, sight(org=OTHERS, mandates=frozenset({MINE}))) == everything
    # The connection is the same one: nothing is left on it of whom it served before.
    assert await seen(desk, PUBLIC) == nothing
    assert await seen(desk, sight()) == nothing


async def test_a_reporter_sees_who_left_and_does_not_oppose_the_search(
    desk: Database, holder: Holder
) -> None:
    reporter = sight(reporter="france-travail")
    assert (await seen(desk, reporter))["enrolments"] == 0
    end = {"kind": "completed", "ended_on": "2016-09-30"}
    assert (await holder.put("enrolments/INS-1/end", end)).status_code == 200
    assert await seen(desk, reporter) == {"labels": 0, "sessions": 0, "learners": 1, "enrolments": 1}
    opposed = entry()["learner"] | {"search_opposed": True}
    assert (await holder.enter(learner=opposed)).status_code == 200
    assert await seen(desk, reporter) == {"labels": 0, "sessions": 0, "learners": 0, "enrolments": 0}


async def test_nobody_writes_under_anothers_name(desk: Database) -> None:
    plant = f"UPDATE sessions SET holder = '{OTHERS}'"  # noqa: S608 - our own name
    with pytest.raises(Exception, match="row-level security"):
        async with desk.seen_by(sight(org=MINE)).transaction() as tx:
            await tx.connection.exec_driver_sql(plant)
    async with desk.seen_by(sight(org=OTHERS)).transaction() as tx:
        assert (await tx.connection.exec_driver_sql(plant)).rowcount == 0


async def test_the_journal_of_others_is_not_shown(desk: Database, enrolment: ServiceUnderTest) -> None:
    assert await enrolment.rows("SELECT DISTINCT client_id FROM enrolment.journal") == [{"client_id": MINE}]
    for client, entries in ((MINE, True), (OTHERS, False)):
        async with desk.seen_by(Sight(client=client)).reading() as connection:
            found = await connection.exec_driver_sql("SELECT count(*) FROM journal")
            assert (found.scalar_one() > 0) is entries
