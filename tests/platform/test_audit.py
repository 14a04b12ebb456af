"""The continuous audit sees what was lost, doubled or altered on either side, and nothing else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.indicators.main import SERVICE
from shared.platform.exchange.audit import Auditor, Mismatch, mismatches
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.log_digests import LogDigests
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.participant import ears_of
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster
from tests.support.speakers import Speakers, speakers_in
from tests.support.under_test import ServiceUnderTest, service_under_test

SINCE = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
async def speakers(cluster: Cluster, database: str) -> AsyncIterator[Speakers]:
    async with speakers_in(cluster, database) as found:
        yield found


@pytest.fixture
async def heard(indicators: ServiceUnderTest, speakers: Speakers) -> ServiceUnderTest:
    """Indicators after hearing sixty events, one of them parked."""
    await speakers.say(*(target(number) for number in range(50)))
    await speakers.say(*(target(number, 2) for number in range(10)))
    await indicators.rows(
        "UPDATE labelling.event_log SET type = 'labelling.target.set.v9' WHERE seq = 1 AND partition = 3"
    )
    await hear(indicators, speakers)
    assert await indicators.rows("SELECT count(*)::int AS n FROM indicators.parked_event") != [{"n": 0}]
    return indicators


async def hear(indicators: ServiceUnderTest, speakers: Speakers) -> None:
    broker = NatsBroker("nats://127.0.0.1:1", identity="indicators", seed_file=None)
    ears = ears_of(SERVICE, indicators.database, broker=broker, feed=speakers, watermarks=Watermarks())
    await ears.applier.hear(await speakers.everything("labelling"))


async def found(indicators: ServiceUnderTest, speakers: Speakers) -> list[Mismatch]:
    """With the present hour taken for a closed one."""
    until = datetime.now(UTC) + timedelta(hours=1)
    return await mismatches(indicators.database, speakers, speaker="labelling", since=SINCE, until=until)


async def test_two_sides_that_agree_are_not_reported(heard: ServiceUnderTest, speakers: Speakers) -> None:
    assert await found(heard, speakers) == []
    hours = await heard.rows("SELECT sum(events)::int AS events FROM indicators.intake_digest")
    assert hours == [{"events": 60}]


async def test_what_is_not_passed_or_not_closed_yet_is_not_compared(
    heard: ServiceUnderTest, speakers: Speakers
) -> None:
    await speakers.say(target(70), target(71))
    assert await found(heard, speakers) == []
    await heard.rows("UPDATE indicators.intake_digest SET events = events + 1")
    assert await mismatches(heard.database, speakers, speaker="labelling", since=SINCE) == []


async def test_an_altered_digest_is_seen(heard: ServiceUnderTest, speakers: Speakers) -> None:
    await heard.rows("UPDATE indicators.intake_digest SET digest = digest + 1 WHERE partition = 7")
    [one] = await found(heard, speakers)
    assert one.partition == 7
    assert one.logged[0] == one.applied[0]
    assert one.logged[1] == one.applied[1] - 1


async def test_an_event_that_was_applied_and_is_missing_in_the_log_is_seen(
    heard: ServiceUnderTest, speakers: Speakers
) -> None:
    await heard.rows("DELETE FROM labelling.event_log WHERE partition = 5 AND seq = 1")
    [one] = await found(heard, speakers)
    assert (one.partition, one.applied[0] - one.logged[0]) == (5, 1)


async def test_an_event_that_was_passed_and_not_applied_is_seen(
    heard: ServiceUnderTest, speakers: Speakers
) -> None:
    before = await heard.rows("SELECT last_seq FROM indicators.intake_position WHERE partition = 2")
    await speakers.say(*(target(number, 3) for number in range(50)))
    head = await heard.rows("SELECT last_seq FROM labelling.event_counter WHERE partition = 2")
    await heard.rows(
        "UPDATE indicators.intake_position SET last_seq = $1 WHERE partition = 2", head[0]["last_seq"]
    )
    [one] = await found(heard, speakers)
    assert one.partition == 2
    assert one.logged[0] - one.applied[0] == head[0]["last_seq"] - before[0]["last_seq"]


async def test_what_the_log_dropped_after_archiving_and_what_was_heard_before_digests_is_left_out(
    heard: ServiceUnderTest, speakers: Speakers
) -> None:
    await heard.rows("UPDATE indicators.intake_digest SET digest = digest + 1")
    assert len(await found(heard, speakers)) == 16
    await heard.rows(
        "INSERT INTO indicators.intake_source (source, audited_from)"
        " VALUES ('labelling', date_trunc('hour', now()) + interval '1 hour')"
    )
    assert await found(heard, speakers) == []
    await heard.rows("UPDATE indicators.intake_source SET audited_from = NULL")
    await heard.rows(
        "INSERT INTO labelling.log_archive"
        " (day, partition, first_seq, last_seq, events, digest, last_id, content_sha256, file, dropped_at)"
        " VALUES (CAST(now() AT TIME ZONE 'UTC' AS date), 0, 1, 1, 1, 0, gen_random_uuid(), '', 'x', now())"
    )
    assert await found(heard, speakers) == []


async def test_the_job_shows_the_number_of_hours_that_differ(
    heard: ServiceUnderTest, speakers: Speakers
) -> None:
    await heard.rows("UPDATE labelling.event_log SET recorded_at = recorded_at - interval '5 hours'")
    await heard.rows("UPDATE indicators.intake_digest SET hour = hour - interval '5 hours'")
    auditor = Auditor(heard.database, speakers)
    assert await auditor.look("labelling") == []
    assert shown() == 0
    first = shown("tremplin_audit_completed_timestamp_seconds")
    assert first is not None
    await heard.rows("UPDATE indicators.intake_digest SET events = 99 WHERE partition IN (1, 2)")
    assert [one.partition for one in await auditor.look("labelling")] == [1, 2]
    assert shown() == 2
    audited = shown("tremplin_audit_completed_timestamp_seconds")
    assert audited is not None
    assert audited > first
    with pytest.raises(FeedUnavailable):
        await Auditor(heard.database, Deaf()).look("labelling")
    assert shown("tremplin_audit_completed_timestamp_seconds") == audited


class Deaf:
    """Speakers that do not answer."""

    async def digests(self, speaker: str, *, since: datetime, until: datetime) -> LogDigests:
        raise FeedUnavailable(f"{speaker}: {since} to {until}")


def shown(name: str = "tremplin_audit_mismatch_hours") -> float | None:
    return REGISTRY.get_sample_value(name, {"listener": "indicators", "source": "labelling"})


async def test_the_routes_answer_the_listeners_and_nobody_else(
    heard: ServiceUnderTest, speakers: Speakers, cluster: Cluster
) -> None:
    now = datetime.now(UTC)
    asked: dict[str, Any] = {"from": (now - timedelta(hours=2)).isoformat(), "to": now.isoformat()}
    async with service_under_test("labelling", cluster, database=heard.database_name) as labelling:
        async with labelling.client("labelling:read") as stranger:
            for path in ("digests", "epochs"):
                assert (await stranger.get(f"/v1/events/{path}", params=asked)).status_code == 403
        async with labelling.client("events:feed") as listener:
            answer = await listener.get("/v1/events/digests", params=asked)
            assert answer.status_code == 200, answer.text
            assert sum(hour["events"] for hour in answer.json()["hours"]) == 60
            epochs = (await listener.get("/v1/events/epochs")).json()["epochs"]
            assert [(one["reason"], one["cuts"]) for one in epochs] == [("first", {})]
            for late in (now - timedelta(days=9), now + timedelta(hours=1)):
                refused = await listener.get("/v1/events/digests", params=asked | {"from": late.isoformat()})
                assert (refused.status_code, refused.json()["code"]) == (422, "stretch_too_long")
