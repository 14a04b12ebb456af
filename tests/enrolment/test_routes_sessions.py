"""Sessions over HTTP."""

import hashlib
from datetime import date, timedelta
from typing import Any

from shared.events.enrolment import EnrolmentState, SessionState
from shared.events.labelling import LabelRevoked
from shared.kernel.clock import SystemClock
from tests.enrolment.builders import (
    OTHER_HOLDER,
    Holder,
    completed,
    label,
    learner,
    refusal,
    session,
    suspended,
    verdicts,
)
from tests.support.under_test import ServiceUnderTest


async def test_a_session_is_opened_once_and_changed_by_what_is_new(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    assert (await holder.put("sessions/S-1", session())).json()["verdict"] == "unchanged"
    changed = await holder.put("sessions/S-1", session(capacity=12))
    assert (changed.json()["verdict"], changed.json()["version"]) == ("updated", 2)
    cancelled = await holder.put("sessions/S-1", session(capacity=12, cancelled_on="2016-02-20"))
    assert cancelled.json()["cancelled_on"] == "2016-02-20"
    said = await enrolment.said()
    assert [(fact.TYPE, fact.version) for fact in said] == [
        ("enrolment.session.opened.v1", 1),
        ("enrolment.session.changed.v1", 2),
        ("enrolment.session.cancelled.v1", 3),
    ]
    assert isinstance(said[0], SessionState)
    assert said[0].coverage == "covered"


async def test_a_session_before_its_label_waits(enrolment: ServiceUnderTest) -> None:
    holder = Holder(enrolment)
    answer = await holder.put("sessions/S-1", session())
    assert (answer.json()["verdict"], answer.json()["coverage"]) == ("waiting", "waiting_for_label")
    assert (await holder.put("sessions/S-1", session())).json()["verdict"] == "unchanged"


async def test_a_start_outside_validity_is_refused_with_the_validity(holder: Holder) -> None:
    for starts_on in ("2016-02-02", "2019-02-03"):
        answer = await holder.put("sessions/S-2", session(starts_on=starts_on, planned_end_on="2019-09-30"))
        assert refusal(answer) == (422, "start_outside_label_validity", "/starts_on")
        assert answer.json()["errors"][0]["expected"] == "2016-02-03 .. 2019-02-02"


async def test_a_start_while_the_label_is_withheld_is_refused(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await enrolment.hear(label(version=2, suspensions=suspended("2016-05-01", "2016-05-31")))
    within = session(starts_on="2016-05-15")
    assert refusal(await holder.put("sessions/S-2", within)) == (
        422,
        "start_while_label_withheld",
        "/starts_on",
    )
    assert (await holder.put("sessions/S-2", session(starts_on="2016-06-01"))).status_code == 200
    assert (await holder.put("sessions/S-3", within | {"rolling_entry": True})).status_code == 200


async def test_a_session_postponed_beyond_its_label_is_kept_and_not_covered(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.enter()
    answer = await holder.put("sessions/S-1", session(starts_on="2019-02-03", planned_end_on="2019-09-30"))
    assert (answer.json()["verdict"], answer.json()["coverage"]) == ("updated", "not_covered")
    (_, moved) = [fact for fact in await enrolment.said() if isinstance(fact, EnrolmentState)]
    assert (moved.TYPE, moved.version, moved.coverage) == ("enrolment.enrolment.changed.v1", 2, "not_covered")
    late = await holder.enter("INS-2", learner=learner(reference="APP-2"), entered_on="2019-02-03")
    assert refusal(late) == (422, "session_not_covered", "/session")


async def test_a_session_with_enrolments_keeps_its_training(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await enrolment.hear(label(training="FORM-043"))
    other = session(training="FORM-043")
    assert (await holder.put("sessions/S-2", session())).json()["verdict"] == "created"
    assert (await holder.put("sessions/S-2", other)).json()["training"] == "FORM-043"
    await holder.enter()
    assert refusal(await holder.put("sessions/S-1", other)) == (409, "training_is_fixed", "/training")


async def test_an_old_start_needs_the_backfill_right_and_is_journalled(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    today = SystemClock().today()
    await enrolment.hear(label(version=2, valid_until=today + timedelta(days=900)))
    plain = Holder(enrolment, backfill=False)
    old, soon = today - timedelta(days=91), today + timedelta(days=200)
    body = session(starts_on=str(old), planned_end_on=str(soon))
    assert refusal(await plain.put("sessions/S-2", body)) == (403, "backfill_scope_required", "/starts_on")
    planned = session(starts_on=str(today + timedelta(days=100)), planned_end_on=str(soon))
    assert (await plain.put("sessions/S-2", planned)).status_code == 200
    await holder.post("sessions", [body | {"reference": f"S-{n}"} for n in range(3, 6)])
    entries = await enrolment.rows("SELECT action, detail FROM enrolment.journal ORDER BY entry")
    assert [entry["action"] for entry in entries] == ["backfill", "backfill"]
    assert entries[1]["detail"] == '{"kind": "sessions", "count": 3}'


async def test_a_cancellation_in_the_future_is_refused(holder: Holder) -> None:
    future = str(SystemClock().today() + timedelta(days=2))
    answer = await holder.put("sessions/S-1", session(cancelled_on=future))
    assert refusal(answer) == (422, "date_in_future", "/cancelled_on")


async def test_the_planned_end_does_not_precede_the_start(holder: Holder) -> None:
    answer = await holder.put("sessions/S-2", session(planned_end_on="2016-02-29"))
    assert refusal(answer) == (422, "end_before_start", "/planned_end_on")


async def test_items_of_one_call_are_judged_one_after_the_other(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    answer = await holder.post(
        "sessions",
        [
            session(reference="S-1"),
            session(reference="S-2"),
            session(reference="S-2"),
            session(reference="S-2", capacity=8),
            session(reference="S-3", starts_on="2015-01-01"),
        ],
    )
    assert verdicts(answer) == ["unchanged", "created", "duplicate", "updated", "rejected"]
    assert [fact.version for fact in await enrolment.said()] == [1, 1, 2]
    (kept,) = await enrolment.rows("SELECT capacity, version FROM enrolment.sessions WHERE reference = 'S-2'")
    assert kept == {"capacity": 8, "version": 2}


MALFORMED: list[tuple[dict[str, Any], str, str]] = [
    ({"starts_on": "01/03/2016"}, "bad_date", "/starts_on"),
    ({"starts_on": 1456790400}, "bad_date", "/starts_on"),
    ({"capacity": "12 places"}, "wrong_type", "/capacity"),
    ({"capacity": -987_654_321}, "wrong_form", "/capacity"),
    ({"training": "FORM 042"}, "wrong_form", "/training"),
    ({"rolling_entry": "maybe"}, "wrong_type", "/rolling_entry"),
    ({"zebra": "crossing"}, "unknown_field", ""),
    ({"training": "2951099126111"}, "nir_refused", "/training"),
]


async def test_a_malformed_session_names_field_and_rule(holder: Holder) -> None:
    items = [session(reference="S-9", **change) for change, _, _ in MALFORMED]
    bulk = await holder.post("sessions", items)
    for (change, code, pointer), result in zip(MALFORMED, bulk.json()["results"], strict=True):
        assert result["status"] == "rejected"
        assert (result["errors"][0]["code"], result["errors"][0]["pointer"]) == (code, pointer)
        answer = await holder.put("sessions/S-9", session(**change))
        assert refusal(answer) == (422, code, pointer)
        (value,) = change.values()
        assert str(value) not in answer.text
        assert str(value) not in str(result)


async def test_another_tenant_sees_and_writes_nothing(holder: Holder, enrolment: ServiceUnderTest) -> None:
    stranger = Holder(enrolment, siren=OTHER_HOLDER)
    stranger._root = holder._root
    for answer in (
        await stranger.get("sessions/S-1"),
        await stranger.get("sessions"),
        await stranger.put("sessions/S-1", session()),
        await stranger.post("sessions", []),
        await stranger.get("sessions/S-1/digest"),
    ):
        assert refusal(answer) == (404, "not_found", None)


async def test_reading_asks_for_a_scope(enrolment: ServiceUnderTest) -> None:
    client = enrolment.client("outcomes:write", org="000000018")
    answer = await client.get("/v1/holders/000000018/sessions")
    assert refusal(answer) == (403, "insufficient_scope", None)


async def test_sessions_are_listed_a_page_at_a_time(holder: Holder) -> None:
    await holder.post("sessions", [session(reference=f"S-{n}", training="FORM-X") for n in range(2, 6)])
    seen, after = [], None
    while True:
        query = {"limit": 2, "training": "FORM-X"} | ({"after": after} if after else {})
        page = (await holder.get("sessions", **query)).json()
        seen += [item["reference"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["S-2", "S-3", "S-4", "S-5"]
    assert refusal(await holder.get("sessions", limit=501))[0] == 400


async def test_a_digest_is_what_a_partner_computes(holder: Holder) -> None:
    await holder.enter()
    await holder.enter("INS-2", learner=learner(reference="APP-2"))
    await holder.put("enrolments/INS-2/end", completed())
    answer = await holder.get("sessions/S-1/digest")
    lines = sorted(["INS-2|2016-03-01|completed|2016-09-30", "INS-1|2016-03-01|in_training|"])
    expected = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert answer.json() == {"reference": "S-1", "count": 2, "sha256": expected}
    assert refusal(await holder.get("sessions/S-0/digest"))[0] == 404


async def test_a_read_waits_for_what_it_must_have_heard(holder: Holder, enrolment: ServiceUnderTest) -> None:
    envelope = enrolment.envelopes(label(LabelRevoked, version=2, revoked_on=date(2016, 8, 1)))[0]
    position = f"labelling/{envelope.partition:02d}/{envelope.sequence}"
    assert (await holder.get("sessions/S-1", at_least=position)).status_code == 503
    await enrolment.applier.hear([envelope])
    assert (await holder.get("sessions/S-1", at_least=position)).status_code == 200
