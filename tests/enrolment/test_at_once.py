"""Calls that meet on the same rows."""

import asyncio

from tests.enrolment.builders import Holder, completed, entry, label, learner, session, verdicts
from tests.support.under_test import ServiceUnderTest


async def test_one_entry_declared_several_times_at_once_is_entered_once(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    answers = await asyncio.gather(*(holder.enter() for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert [answer.json()["verdict"] for answer in answers if answer.is_success].count("created") == 1
    again = await holder.enter()
    said = [fact.aggregate_id for fact in await enrolment.said() if "entered" in fact.TYPE]
    assert said == [again.json()["enrolment_id"]]


async def test_a_label_heard_during_declarations_leaves_nothing_waiting(enrolment: ServiceUnderTest) -> None:
    holder = Holder(enrolment)
    await asyncio.gather(
        *(holder.put(f"sessions/S-{number}", session()) for number in range(5)),
        enrolment.hear(label()),
        *(holder.put(f"sessions/S-{number}", session()) for number in range(5, 10)),
    )
    held = (await holder.get("sessions")).json()["items"]
    assert [item["coverage"] for item in held] == ["covered"] * 10


async def test_entries_and_ends_of_one_holder_run_side_by_side(holder: Holder) -> None:
    def lot(number: int) -> list[dict[str, object]]:
        return [
            entry(reference=f"INS-{number}-{n}", learner=learner(reference=f"APP-{number}-{n}"))
            for n in range(50)
        ]

    def ends(number: int) -> list[dict[str, object]]:
        return [completed(reference=f"INS-{number}-{n}") for n in range(50)]

    await asyncio.gather(*(holder.post("enrolments", lot(number)) for number in range(3)))
    answers = await asyncio.gather(
        *(holder.post("ends", ends(number)) for number in range(3)),
        *(holder.post("enrolments", lot(number)) for number in range(3, 5)),
    )
    assert {verdict for answer in answers for verdict in verdicts(answer)} == {"accepted", "created"}
