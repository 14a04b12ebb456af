"""What labels heard do to sessions and entries."""

from datetime import date

import pytest
from sqlalchemy.exc import DBAPIError

from services.enrolment import jobs
from shared.events.enrolment import EnrolmentState, SessionState
from shared.events.envelope import Fact
from shared.events.labelling import LabelReinstated, LabelRevoked, LabelSuspended
from tests.enrolment.builders import Holder, entry, label, learner, session, suspended, verdicts
from tests.support.under_test import ServiceUnderTest


def coverages(facts: list[Fact]) -> list[tuple[str, int, str]]:
    """By aggregate and version: what one transaction says has no order across aggregates."""
    return sorted(
        (fact.TYPE.split(".")[1], fact.version, fact.coverage)
        for fact in facts
        if isinstance(fact, SessionState | EnrolmentState)
    )


async def test_a_label_heard_late_covers_what_waited(enrolment: ServiceUnderTest) -> None:
    holder = Holder(enrolment)
    await holder.put("sessions/S-1", session())
    assert (await holder.enter()).json()["verdict"] == "waiting"
    await enrolment.hear(label())
    assert coverages(await enrolment.said()) == [
        ("enrolment", 1, "waiting_for_label"),
        ("enrolment", 2, "covered"),
        ("session", 1, "waiting_for_label"),
        ("session", 2, "covered"),
    ]
    assert (await holder.get("enrolments/INS-1")).json()["coverage"] == "covered"


async def test_a_label_heard_late_refuses_what_it_does_not_cover(enrolment: ServiceUnderTest) -> None:
    holder = Holder(enrolment)
    await holder.put("sessions/S-1", session(starts_on="2016-02-01"))
    await holder.enter()
    await enrolment.hear(label())
    assert coverages(await enrolment.said())[1::2] == [
        ("enrolment", 2, "not_covered"),
        ("session", 2, "not_covered"),
    ]


async def test_a_rolling_session_is_settled_entry_by_entry(enrolment: ServiceUnderTest) -> None:
    holder = Holder(enrolment)
    await holder.put("sessions/S-1", session(starts_on="2016-01-04", rolling_entry=True))
    for number, day in enumerate(["2016-01-04", "2016-02-03", "2016-06-15"], start=1):
        await holder.enter(f"INS-{number}", learner=learner(reference=f"APP-{number}"), entered_on=day)
    await enrolment.hear(label(LabelSuspended, suspensions=suspended("2016-06-01")))
    listed = (await holder.get("enrolments")).json()["items"]
    assert [item["coverage"] for item in listed] == ["not_covered", "covered", "not_covered"]
    await enrolment.hear(label(LabelReinstated, version=2, suspensions=suspended("2016-06-01", "2016-06-10")))
    listed = (await holder.get("enrolments")).json()["items"]
    assert [(item["coverage"], item["version"]) for item in listed] == [
        ("not_covered", 2),
        ("covered", 2),
        ("covered", 3),
    ]


async def test_a_revocation_takes_later_starts_and_leaves_the_past(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.put("sessions/S-2", session(starts_on="2016-09-01"))
    await holder.enter()
    await enrolment.hear(label(LabelRevoked, version=2, revoked_on=date(2016, 8, 1)))
    assert (await holder.get("sessions/S-1")).json()["coverage"] == "covered"
    assert (await holder.get("sessions/S-2")).json()["coverage"] == "not_covered"
    assert (await holder.get("enrolments/INS-1")).json()["coverage"] == "covered"
    late = await holder.enter("INS-2", learner=learner(reference="APP-2"), entered_on="2016-08-01")
    assert late.json()["code"] == "entry_while_label_withheld"


async def test_an_older_state_and_a_repeated_one_change_nothing(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    revoked = label(LabelRevoked, version=3, revoked_on=date(2016, 2, 20))
    await enrolment.hear(revoked, label(version=2))
    await enrolment.hear(revoked)
    assert [fact.version for fact in await enrolment.said()] == [1, 2]
    (kept,) = await enrolment.rows("SELECT version, revoked_on FROM enrolment.labels")
    assert kept == {"version": 3, "revoked_on": date(2016, 2, 20)}


async def test_a_redelivered_event_is_not_applied_twice(enrolment: ServiceUnderTest) -> None:
    await Holder(enrolment).put("sessions/S-1", session())
    envelopes = enrolment.envelopes(label())
    await enrolment.applier.hear(envelopes)
    await enrolment.applier.hear(envelopes)
    assert [fact.version for fact in await enrolment.said()] == [1, 2]


async def test_a_renewed_label_covers_the_sessions_after_the_first(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    renewal = label(
        label_id="7a1c0000-0000-4000-8000-000000000002",
        valid_from=date(2019, 2, 3),
        valid_until=date(2022, 2, 2),
    )
    await enrolment.hear(renewal)
    answer = await holder.put("sessions/S-2", session(starts_on="2019-02-03", planned_end_on="2019-09-30"))
    assert answer.json()["coverage"] == "covered"


async def test_more_entries_than_one_transaction_may_say_are_settled_in_turns(
    enrolment: ServiceUnderTest,
) -> None:
    holder = Holder(enrolment)
    await holder.put("sessions/S-1", session())
    items = [
        entry(reference=f"INS-{number}", learner=learner(reference=f"APP-{number}")) for number in range(620)
    ]
    assert set(verdicts(await holder.post("enrolments", items))) == {"waiting"}
    await enrolment.hear(label())
    assert await enrolment.rows("SELECT 1 FROM enrolment.parked_event") == []
    while await jobs.settle_once(enrolment.database):
        pass
    assert await enrolment.rows(
        "SELECT coverage, version, count(*) AS n FROM enrolment.enrolments GROUP BY 1, 2"
    ) == [{"coverage": "covered", "version": 2, "n": 620}]
    assert len(await enrolment.said()) == 2 * (1 + 620)


async def test_a_training_that_cannot_be_settled_lets_the_others_go_first(
    enrolment: ServiceUnderTest,
) -> None:
    await enrolment.rows(
        "INSERT INTO enrolment.unsettled_trainings (training_id, holder, since)"
        " SELECT gen_random_uuid(), '000000018', now() - n * interval '1 hour' FROM generate_series(1, 3) AS n"
    )
    await enrolment.rows(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$"
    )
    await enrolment.rows(
        "CREATE TRIGGER planted BEFORE DELETE ON enrolment.unsettled_trainings FOR EACH ROW"
        " WHEN (OLD.since < now() - interval '150 minutes') EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(DBAPIError):
        await jobs.settle_once(enrolment.database)
    assert await jobs.settle_once(enrolment.database)
    assert await jobs.settle_once(enrolment.database)
    assert await enrolment.rows(
        "SELECT count(*) AS n, max(since) > now() - interval '1 minute' AS anew FROM enrolment.unsettled_trainings"
    ) == [{"n": 1, "anew": True}]


async def test_the_worker_cannot_read_an_identity(enrolment: ServiceUnderTest) -> None:
    (right,) = await enrolment.rows(
        "SELECT has_table_privilege('enrolment_worker', 'enrolment.learners', 'SELECT') AS reads,"
        " has_any_column_privilege('enrolment_worker', 'enrolment.learners', 'SELECT, INSERT, UPDATE') AS any"
    )
    assert right == {"reads": False, "any": False}
