"""Whom to follow, and the trace of having asked."""

import json

from tests.enrolment.builders import Holder, completed, entry, label, learner, refusal, session
from tests.support.under_test import ServiceUnderTest

PURPOSE = "six-month follow-up"


async def leave(holder: Holder, number: int, *, end: dict[str, object], **values: object) -> None:
    """Somebody enters and leaves."""
    who = learner(reference=f"APP-{number}", birth_name=f"Quidamme-{number}", **values)
    item = entry(reference=f"INS-{number}", learner=who)
    assert (await holder.put(f"enrolments/INS-{number}", _without_reference(item))).status_code == 200
    assert (await holder.put(f"enrolments/INS-{number}/end", end)).status_code == 200


def _without_reference(item: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in item.items() if name != "reference"}


async def test_a_roster_names_those_who_left_in_the_month_and_nobody_else(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await leave(holder, 1, end=completed())
    await leave(holder, 2, end={"kind": "abandoned", "ended_on": "2016-09-01"})
    await leave(holder, 3, end={"kind": "interrupted", "ended_on": "2016-09-15"})
    await leave(holder, 4, end=completed(), search_opposed=True)
    await leave(holder, 5, end={"kind": "abandoned", "ended_on": "2016-08-31"})
    await leave(holder, 6, end={"kind": "cancelled", "ended_on": "2016-02-20"})
    await holder.enter("INS-7", learner=learner(reference="APP-7"))
    reporter = enrolment.client("enrolment:rosters", reporter="france-travail")
    seen, after = [], None
    while True:
        query = {"exit_month": "2016-09", "purpose": PURPOSE, "limit": "2"}
        answer = await reporter.get("/v1/rosters", params=query | ({"after": after} if after else {}))
        seen += answer.json()["items"]
        after = answer.json()["next"]
        if after is None:
            break
    assert [(item["birth_name"], item["exit_on"], item["exit_kind"]) for item in seen] == [
        ("Quidamme-2", "2016-09-01", "abandoned"),
        ("Quidamme-3", "2016-09-15", "interrupted"),
        ("Quidamme-1", "2016-09-30", "completed"),
    ]
    assert set(seen[0]) == {
        "enrolment_id",
        "exit_on",
        "exit_kind",
        "birth_name",
        "first_names",
        "birth_date",
        "birth_code_insee",
        "france_travail_number",
    }


async def test_reading_a_roster_leaves_a_trace_without_identity(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await leave(holder, 1, end=completed())
    reporter = enrolment.client("enrolment:rosters", reporter="france-travail")
    answer = await reporter.get("/v1/rosters", params={"exit_month": "2016-09", "purpose": PURPOSE})
    (item,) = answer.json()["items"]
    (trace,) = await enrolment.rows(
        "SELECT client_id, purpose, detail FROM enrolment.journal WHERE action = 'roster_read'"
    )
    assert (trace["client_id"], trace["purpose"]) == ("france-travail", PURPOSE)
    key = f"2016-09-30~{item['enrolment_id']}"
    assert json.loads(trace["detail"]) == {"month": "2016-09", "count": 1, "first": key, "last": key}


async def test_people_whom_no_label_covers_are_nobodys_to_follow(enrolment: ServiceUnderTest) -> None:
    holder = Holder(enrolment)
    await holder.put("sessions/S-1", session())
    await leave(holder, 1, end=completed())
    reporter = enrolment.client("enrolment:rosters", reporter="france-travail")
    query = {"exit_month": "2016-09", "purpose": PURPOSE}
    assert (await reporter.get("/v1/rosters", params=query)).json()["items"] == []
    await enrolment.hear(label())
    assert len((await reporter.get("/v1/rosters", params=query)).json()["items"]) == 1


async def test_a_roster_asks_for_its_scope_a_month_and_a_purpose(enrolment: ServiceUnderTest) -> None:
    holder = enrolment.client("enrolment:write enrolment:read", org="000000018")
    query = {"exit_month": "2016-09", "purpose": PURPOSE}
    assert refusal(await holder.get("/v1/rosters", params=query)) == (403, "insufficient_scope", None)
    reporter = enrolment.client("enrolment:rosters", reporter="france-travail")
    for change, code, pointer in (
        ({"purpose": None}, "missing_field", "/purpose"),
        ({"purpose": "?"}, "wrong_form", "/purpose"),
        ({"purpose": "about 295109912611193"}, "nir_refused", "/purpose"),
        ({"exit_month": "2016-9"}, "wrong_form", "/exit_month"),
        ({"after": "yesterday"}, "invalid_cursor", "/after"),
    ):
        asked = {name: value for name, value in (query | change).items() if value is not None}
        _, found, where = refusal(await reporter.get("/v1/rosters", params=asked))
        assert (found, where) == (code, pointer)
