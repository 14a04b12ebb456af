"""The books of a run: nothing to say of a sound one, and a sentence for each thing that is planted."""

from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from shared.events.catalogue import read_fact
from shared.platform.database import Database
from tests.faults.arena import Planted
from tests.faults.books import Books, audit
from tests.faults.effects import check_cells
from tests.faults.indoors import indoors
from tests.faults.ledger import Key, Ledger
from tests.support.cluster import Cluster


@dataclass(frozen=True)
class Told:
    """A database in which stories were told and heard, and what the tellers know."""

    database: str
    ledger: Ledger

    def one(self, kind: str) -> str:
        """A reference of a kind that was told."""
        return min(self.ledger.said(kind))


@pytest.fixture(scope="module")
async def told(cluster: Cluster) -> AsyncIterator[Told]:
    database = await cluster.new_database()
    async with indoors(cluster, database=database) as house:
        await house.tell_stories()
    yield Told(database, house.ledger)
    await cluster.drop_database(database)


@pytest.fixture
async def copy(cluster: Cluster, told: Told) -> AsyncIterator[Told]:
    """The same, to be spoilt."""
    database = await cluster.new_database(template=told.database)
    yield Told(database, deepcopy(told.ledger))
    await cluster.drop_database(database)


async def books_of(cluster: Cluster, told: Told, *spoiling: str, planted: tuple[Planted, ...] = ()) -> Books:
    connection = await cluster.superuser(told.database)
    try:
        for statement in spoiling:
            assert not (await connection.execute(statement)).endswith(" 0"), "the plant changed nothing"
        books = await audit(connection, ledger=told.ledger, planted=planted)
    finally:
        await connection.close()
    await check_cells(cluster.url(told.database, role="indicators_worker"), books.findings)
    return books


async def test_a_sound_run_has_nothing_to_say_and_has_counted_something(cluster: Cluster, copy: Told) -> None:
    books = await books_of(cluster, copy)
    assert list(books.findings) == []
    assert books.accepted > 70
    assert books.logged > 70
    assert books.applied > 2 * 60
    assert books.parked == 0
    kinds = {key.kind for key in copy.ledger.records}
    assert kinds == {"entry", "end", "outcome", "target"}


NEWEST = "(SELECT max(partition) FROM enrolment.event_log)"
PLANTS = {
    "a lost key": (
        "DELETE FROM enrolment.enrolments WHERE reference = '{entry}'",
        "lost: enrolment {entry} was accepted and is not there",
    ),
    "a lost line of a push": (
        "DELETE FROM followup.observation WHERE reference = '{outcome}'",
        "lost: outcome {outcome} was accepted and is not there",
    ),
    "a lost target": (
        "DELETE FROM labelling.target WHERE reference = '{target}'",
        "lost: target {target} was accepted and is not there",
    ),
    "a lost change": (
        "UPDATE enrolment.enrolments SET version = version - 1 WHERE reference = '{end}'",
        "lost: changes of enrolment {end}: ",
    ),
    "a change that counted twice": (
        "UPDATE enrolment.enrolments SET version = version + 1 WHERE reference = '{end}'",
        "doubled: changes of enrolment {end}: ",
    ),
    "a state that was overwritten": (
        "UPDATE enrolment.enrolments SET profile = jsonb_set(profile, '{{level}}', '0') WHERE reference = '{entry}'",
        "wrong: enrolment {entry}: ",
    ),
    "an outcome taken twice": (
        "UPDATE followup.observation SET revision = revision + 1 WHERE reference = '{outcome}'",
        "doubled: words on outcome {outcome}: ",
    ),
    "a hole in the log": (
        "DELETE FROM enrolment.event_log WHERE partition = {newest} AND seq = 1",
        "is a hole in the log",
    ),
    "a lost end of the log": (
        (
            "DELETE FROM enrolment.event_log l WHERE partition = {newest} AND seq ="
            " (SELECT last_seq FROM enrolment.event_counter c WHERE c.partition = l.partition)"
        ),
        "is a hole in the log",
    ),
    "a log beyond its counter": (
        "UPDATE enrolment.event_counter SET last_seq = last_seq - 1 WHERE partition = {newest}",
        "is beyond the counter",
    ),
    "an event that one listener never heard": (
        (
            "UPDATE followup.intake_position SET last_seq = last_seq - 1"
            " WHERE source = 'enrolment' AND partition = {newest}"
        ),
        "lost: followup has heard enrolment/",
    ),
    "a listener ahead of its speaker": (
        (
            "UPDATE followup.intake_position SET last_seq = last_seq + 1"
            " WHERE source = 'enrolment' AND partition = {newest}"
        ),
        "wrong: followup is ahead of ",
    ),
    "an event parked although nothing is wrong with it": (
        (
            "INSERT INTO indicators.parked_event (source, partition, seq, aggregate_id, type, envelope, reason)"
            " SELECT 'enrolment', partition, seq, aggregate_id, type, '{{}}', 'planted' FROM enrolment.event_log"
            " WHERE partition = {newest} AND seq = 1"
        ),
        "wrong: indicators has parked ",
    ),
    "an event applied twice": (
        (
            "UPDATE followup.intake_digest SET events = events + 1"
            " WHERE source = 'enrolment' AND partition = {newest}"
        ),
        " applied by followup: ",
    ),
    "an event applied in the place of another": (
        (
            "UPDATE followup.intake_digest SET digest = digest + 1"
            " WHERE source = 'enrolment' AND partition = {newest}"
        ),
        " applied by followup are others than those logged",
    ),
    "a relay that waits for a decision": (
        "UPDATE enrolment.relay_state SET halted = 'planted'",
        "wrong: the relay of enrolment has halted: planted",
    ),
    "a listener that waits for a decision": (
        "INSERT INTO followup.intake_source (source, halted) VALUES ('enrolment', 'planted')",
        "wrong: followup follows enrolment no more: planted",
    ),
    "an exit that opened no follow-up": (
        (
            "DELETE FROM followup.followup WHERE enrolment_id ="
            " (SELECT enrolment_id FROM enrolment.enrolments WHERE reference = '{end}')"
        ),
        "opened no follow-up",
    ),
    "an effect of an older version": (
        (
            "UPDATE indicators.enrolment_fact SET enrolment_version = enrolment_version - 1 WHERE enrolment_id ="
            " (SELECT enrolment_id FROM enrolment.enrolments WHERE reference = '{entry}')"
        ),
        "in indicators.enrolment_fact.enrolment_version: ",
    ),
    "a fact of somebody nobody spoke of": (
        (
            "INSERT INTO indicators.target_fact"
            " (target_id, indicator, value, due_on, label_fr, label_en, target_version)"
            " VALUES ('ghost', 'x', 1, '2017-01-01', 'x', 'x', 1)"
        ),
        "doubled: version of ghost in indicators.target_fact",
    ),
    "a fact that says something else": (
        (
            "UPDATE indicators.enrolment_fact SET women = 'unknown' WHERE enrolment_id ="
            " (SELECT enrolment_id FROM enrolment.enrolments WHERE reference = '{entry}')"
        ),
        "wrong: the fact of ",
    ),
    "a settlement that was never told": (
        (
            "UPDATE followup.followup SET version = version + 1 WHERE enrolment_id ="
            " (SELECT enrolment_id FROM followup.observation WHERE reference = '{outcome}')"
        ),
        "lost: settlements of ",
    ),
    "a cube off by one": (
        (
            "UPDATE indicators.cube SET entered = entered + 1 WHERE ctid ="
            " (SELECT ctid FROM indicators.cube WHERE level = 'nation' AND flag = 'all' AND entered > 0 LIMIT 1)"
        ),
        "doubled: entered of the nation in the cube: ",
    ),
    "a cube that forgot one": (
        (
            "UPDATE indicators.cube SET completed_e6 = completed_e6 - 1 WHERE ctid ="
            " (SELECT ctid FROM indicators.cube WHERE level = 'nation' AND flag = 'all' AND completed_e6 > 0 LIMIT 1)"
        ),
        "lost: completed_e6 of the nation in the cube: ",
    ),
    "a cell of a training off by one": (
        (
            "UPDATE indicators.cube SET entered = entered + 1 WHERE ctid ="
            " (SELECT ctid FROM indicators.cube WHERE level = 'training' AND entered > 0 LIMIT 1)"
        ),
        "wrong: 1 cells of cube differ from the facts",
    ),
    "a head counted twice": (
        (
            "UPDATE indicators.head_cube SET heads = heads + 1 WHERE ctid ="
            " (SELECT ctid FROM indicators.head_cube LIMIT 1)"
        ),
        "wrong: 1 cells of head_cube differ from the facts",
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
async def test_what_is_planted_is_found(cluster: Cluster, copy: Told, plant: str) -> None:
    names = {kind: copy.one(kind) for kind in ("entry", "end", "outcome", "target")}
    statement, sentence = (text.format(newest=NEWEST, **names) for text in PLANTS[plant])
    found = list((await books_of(cluster, copy, statement)).findings)
    assert [line for line in found if sentence in line], found


async def test_a_doubled_event_is_found(cluster: Cluster, copy: Told) -> None:
    database = Database(
        cluster.url(copy.database, role="enrolment_worker"), service="enrolment", role="worker", pool_size=1
    )
    async with database.transaction() as tx:
        rows = await tx.execute(text("SELECT type, CAST(data AS text) AS data FROM event_log LIMIT 1"))
        said = rows.one()
        tx.speak(read_fact(said.type, said.data))
    await database.close()
    findings = (await books_of(cluster, copy)).findings
    assert [line for line in findings.doubled if "was said 2 times" in line]


async def test_what_nobody_sent_is_doubled(cluster: Cluster, copy: Told) -> None:
    reference = copy.one("target")
    del copy.ledger.records[Key("target", reference)]
    findings = (await books_of(cluster, copy)).findings
    assert findings.doubled == [f"target {reference} is there and nobody sent it"]


async def test_what_is_still_in_doubt_at_the_end_is_lost(cluster: Cluster, copy: Told) -> None:
    copy.ledger.doubt(Key("entry", "E-999"), {"level": 1}, reason="ReadTimeout")
    findings = (await books_of(cluster, copy)).findings
    assert findings.lost == ["entry E-999 is still in doubt"]


async def test_a_poisonous_event_that_a_listener_has_not_parked_is_found(
    cluster: Cluster, copy: Told
) -> None:
    poison = Planted("labelling", 1, 1, frozenset({"enrolment", "indicators"}))
    findings = (await books_of(cluster, copy, planted=(poison,))).findings
    assert findings.wrong == [
        f"{listener} has not parked ('labelling', 1, 1)" for listener in ("enrolment", "indicators")
    ]
