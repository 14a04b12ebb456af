"""Hearing a source again in place: silent when all was well, mending when it was not, and repeatable."""

from collections.abc import AsyncIterator

import pytest

from services.enrolment.main import SERVICE as ENROLMENT
from services.followup.main import SERVICE as FOLLOWUP
from services.indicators.main import SERVICE as INDICATORS
from shared.events.envelope import Envelope, Fact
from shared.events.followup import FollowupState, OutcomeSettled, OutcomeWithdrawn
from shared.platform.database import Database
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.hearing_again import HearingAgain
from shared.platform.exchange.log_merge import Pages
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.participant import Service, ears_of
from shared.platform.exchange.rebuild import InTheWay
from tests.enrolment.builders import Holder, label, session
from tests.followup.lines import EVERYTHING, REPORTER, contract, enrolment, in_training, lot
from tests.support.cluster import Cluster
from tests.support.speakers import Speakers, speakers_in
from tests.support.under_test import ServiceUnderTest

TABLES = {
    "followup": ("followup", "observation", "intake_position", "intake_digest", "event_log"),
    "enrolment": ("labels", "sessions", "enrolments", "intake_position", "intake_digest", "event_log"),
}
MOVED = {"moved_at"}


@pytest.fixture
async def speakers(cluster: Cluster, database: str) -> AsyncIterator[Speakers]:
    async with speakers_in(cluster, database) as found:
        yield found


async def hear(listener: ServiceUnderTest, service: Service, *, speakers: Speakers, source: str) -> None:
    broker = NatsBroker("nats://127.0.0.1:1", identity=listener.name, seed_file=None)
    ears = ears_of(service, listener.database, broker=broker, feed=speakers, watermarks=Watermarks())
    await ears.applier.hear(await speakers.everything(source))


class CutShort:
    """Logs that stop answering after some pages."""

    def __init__(self, speakers: Speakers, *, after: int) -> None:
        self._speakers = speakers
        self._left = iter(range(after))

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        if next(self._left, None) is None:
            raise ConnectionResetError
        return await self._speakers.events(speaker, partition=partition, after=after)


async def hear_again(
    listener: ServiceUnderTest, service: Service, *, speakers: Pages, source: str, batch: int = 500
) -> int:
    owner = Database(
        listener.cluster.url(listener.database_name, role=f"{listener.name}_owner"),
        service=listener.name,
        role="rebuild",
    )
    try:
        return await HearingAgain(service, owner, pages=speakers, source=source, batch=batch).run()
    finally:
        await owner.close()


async def content(listener: ServiceUnderTest) -> dict[str, list[str]]:
    found = {}
    for table in TABLES[listener.name]:
        rows = await listener.rows(f"SELECT * FROM {listener.name}.{table}")  # noqa: S608 - our own names
        plain = [{key: value for key, value in row.items() if key not in MOVED} for row in rows]
        found[table] = sorted(map(str, plain))
    return found


def exits() -> list[Fact]:
    """Three learners: one left, one came back after leaving, one was in training and pushed about too early."""
    return [
        *(in_training(name) for name in ("ada", "bob", "eve")),
        enrolment("ada", ended_on="2016-03-05"),
        enrolment("bob"),
    ]


def corrections() -> list[Fact]:
    return [
        enrolment("ada", ended_on="2016-03-15", version=3),
        enrolment("bob", status="in_training", ended_on=None, version=3),
    ]


async def push(followup: ServiceUnderTest, *names: str) -> None:
    lines = [contract(f"FT-{name}", name=name) for name in names]
    async with followup.client(EVERYTHING, reporter=REPORTER) as client:
        assert (await client.post("/v1/outcomes", json=lot(*lines))).status_code == 207


@pytest.fixture
async def followed(followup: ServiceUnderTest, speakers: Speakers) -> ServiceUnderTest:
    """Followup as it stands after hearing and pushes."""
    for facts in (exits(), corrections()):
        await speakers.say(*facts)
        await hear(followup, FOLLOWUP, speakers=speakers, source="enrolment")
    await push(followup, "ada", "bob", "eve")
    return followup


def said(facts: list[Fact]) -> list[tuple[type[Fact], int]]:
    return [(type(fact), fact.version) for fact in facts if isinstance(fact, FollowupState)]


async def test_what_was_heard_well_is_heard_again_without_a_word(
    followed: ServiceUnderTest, speakers: Speakers
) -> None:
    before = await content(followed)
    assert len(before["followup"]) == 3
    for batch in (500, 1):
        heard = await hear_again(followed, FOLLOWUP, speakers=speakers, source="enrolment", batch=batch)
        assert heard == 7
        assert await content(followed) == before
    sources = await followed.rows("SELECT source, halted, detail FROM followup.intake_source")
    assert [(row["source"], row["halted"], row["detail"]) for row in sources] == [("enrolment", None, "{}")]


async def test_a_wrong_effect_is_mended_and_said(followed: ServiceUnderTest, speakers: Speakers) -> None:
    right = await content(followed)
    told = said(await followed.said())
    await followed.rows("UPDATE followup.followup SET exit_on = '2016-01-15' WHERE exit_on = '2016-03-15'")
    await hear_again(followed, FOLLOWUP, speakers=speakers, source="enrolment")
    assert said(await followed.said()) == [*told, (OutcomeSettled, 2)]
    rows = await followed.rows("SELECT exit_on, version FROM followup.followup WHERE status = 'open'")
    assert [(str(row["exit_on"]), row["version"]) for row in rows] == [("2016-03-15", 2)]
    assert (await content(followed))["intake_digest"] == right["intake_digest"]


async def test_an_enrolment_that_nobody_speaks_of_any_more_is_closed_and_withdrawn(
    followed: ServiceUnderTest, speakers: Speakers
) -> None:
    await followed.rows(
        "INSERT INTO followup.followup SELECT gen_random_uuid(), status, holder, training_id, exit_on, exit_kind,"
        " 7, version, settled FROM followup.followup WHERE status = 'open'"
    )
    await hear_again(followed, FOLLOWUP, speakers=speakers, source="enrolment")
    assert said(await followed.said())[-1] == (OutcomeWithdrawn, 2)
    rows = await followed.rows("SELECT status, count(*) AS n FROM followup.followup GROUP BY 1 ORDER BY 1")
    assert {row["status"]: row["n"] for row in rows} == {"open": 1, "waiting": 1, "closed": 2}


async def test_one_that_was_cut_short_goes_on(followed: ServiceUnderTest, speakers: Speakers) -> None:
    before = await content(followed)
    with pytest.raises(ConnectionResetError):
        await hear_again(followed, FOLLOWUP, speakers=CutShort(speakers, after=20), source="enrolment")
    halted = await followed.rows("SELECT halted FROM followup.intake_source")
    assert halted == [{"halted": "hearing_again"}]
    await hear_again(followed, FOLLOWUP, speakers=speakers, source="enrolment")
    assert await content(followed) == before


async def test_an_aggregate_with_a_parked_event_is_left_as_it_is(
    followed: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.databases["enrolment"].close()
    await followed.rows(
        "UPDATE enrolment.event_log SET data = '{}' WHERE aggregate_version = 3 AND aggregate_id ="
        " (SELECT enrolment_id::text FROM followup.followup WHERE status = 'open')"
    )
    told = said(await followed.said())
    await hear_again(followed, FOLLOWUP, speakers=speakers, source="enrolment")
    assert said(await followed.said()) == told
    rows = await followed.rows("SELECT exit_on FROM followup.followup WHERE status = 'open'")
    assert [str(row["exit_on"]) for row in rows] == ["2016-03-15"]
    assert [row["reason"] for row in await followed.rows("SELECT reason FROM followup.parked_event")] == [
        "bad_data"
    ]


async def labelled(service: ServiceUnderTest, speakers: Speakers) -> None:
    holder = Holder(service)
    await speakers.say(label())
    await hear(service, ENROLMENT, speakers=speakers, source="labelling")
    await holder.put("sessions/S-1", session())
    assert (await holder.enter("INS-1")).json()["coverage"] == "covered"


async def test_labels_heard_again_settle_what_they_settled(
    enrolment: ServiceUnderTest, speakers: Speakers
) -> None:
    await labelled(enrolment, speakers)
    before = await content(enrolment)
    await hear_again(enrolment, ENROLMENT, speakers=speakers, source="labelling")
    assert await content(enrolment) == before
    await hear_again(enrolment, ENROLMENT, speakers=speakers, source="followup")
    assert await content(enrolment) == before


async def test_a_label_that_was_never_granted_covers_nothing_any_more(
    enrolment: ServiceUnderTest, speakers: Speakers
) -> None:
    await labelled(enrolment, speakers)
    await enrolment.rows("DELETE FROM labelling.event_log")
    await enrolment.rows("UPDATE labelling.event_counter SET last_seq = 0, last_id = NULL")
    await hear_again(enrolment, ENROLMENT, speakers=speakers, source="labelling")
    assert await enrolment.rows("SELECT FROM enrolment.labels") == []
    rows = await enrolment.rows("SELECT DISTINCT coverage FROM enrolment.enrolments")
    assert rows == [{"coverage": "waiting_for_label"}]
    assert [fact.version for fact in await enrolment.said()][-2:] == [2, 2]


async def test_a_projection_is_not_heard_again_in_place(
    indicators: ServiceUnderTest, speakers: Speakers
) -> None:
    with pytest.raises(InTheWay):
        await hear_again(indicators, INDICATORS, speakers=speakers, source="enrolment")
