"""Enrolment over HTTP, on a real database."""

from tests.enrolment.builders import Holder, completed, entry, learner, session, verdicts
from tests.support.service import ServiceUnderTest


async def test_a_learner_enters_and_completes(holder: Holder, enrolment: ServiceUnderTest) -> None:
    entered = await holder.enter()
    assert entered.status_code == 200, entered.text
    assert entered.json()["verdict"] == "created"
    assert entered.headers["tremplin-position"].startswith("enrolment/")

    ended = await holder.put("enrolments/INS-1/end", completed())
    assert ended.json()["status"] == "completed", ended.text
    assert [fact.TYPE for fact in await enrolment.said()] == [
        "enrolment.session.opened.v1",
        "enrolment.enrolment.entered.v1",
        "enrolment.enrolment.completed.v1",
    ]


async def test_a_bulk_call_answers_each_item(holder: Holder) -> None:
    assert verdicts(await holder.post("sessions", [session(reference="S-1"), session(reference="S-2")])) == [
        "unchanged",
        "created",
    ]
    items = [entry(reference=f"INS-{n}", learner=learner(reference=f"APP-{n}")) for n in range(1000)]
    answer = await holder.post("enrolments", items)
    assert answer.json()["summary"] == {"created": 1000}, answer.text[:500]
    ends = [completed(reference=f"INS-{n}") for n in range(1000)]
    assert (await holder.post("ends", ends)).json()["summary"] == {"accepted": 1000}
    assert (await holder.post("ends", ends)).json()["summary"] == {"unchanged": 1000}
    assert (await holder.post("enrolments", items)).json()["summary"] == {"unchanged": 1000}
