"""Ends and results over HTTP."""

from typing import Any

from shared.events.enrolment import CertificationAwarded, EnrolmentState
from shared.kernel.identifiers import stable_id
from tests.enrolment.builders import (
    NIR,
    OTHER_HOLDER,
    Holder,
    completed,
    entry,
    learner,
    refusal,
    verdicts,
)
from tests.support.under_test import ServiceUnderTest

ABANDONED = {"kind": "abandoned", "ended_on": "2016-06-14", "reason": "job_found"}
RESULT = {
    "register_entry": "RNCP34126",
    "kind": "titre_professionnel",
    "level": 5,
    "result": "full",
    "decided_on": "2016-11-04",
}


async def test_an_end_is_said_by_its_kind_and_its_corrections_too(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.enter()
    path = "enrolments/INS-1/end"
    answers = [
        await holder.put(path, ABANDONED),
        await holder.put(path, ABANDONED),
        await holder.put(path, ABANDONED | {"reason": "health"}),
        await holder.put(path, completed()),
        await holder.put(path, {"kind": "interrupted", "ended_on": "2016-07-01"}),
    ]
    assert [answer.json()["verdict"] for answer in answers] == [
        "accepted",
        "unchanged",
        "updated",
        "updated",
        "updated",
    ]
    withdrawn = await holder.delete(path)
    assert (withdrawn.json()["status"], withdrawn.json()["ended_on"]) == ("in_training", None)
    assert (await holder.delete(path)).status_code == 200
    cancelled = await holder.put(path, {"kind": "cancelled", "ended_on": "2016-02-28"})
    assert cancelled.json()["status"] == "cancelled"
    said = [fact for fact in await enrolment.said() if isinstance(fact, EnrolmentState)]
    assert [(fact.TYPE.split(".")[2], fact.status, fact.end_reason, fact.version) for fact in said] == [
        ("entered", "in_training", None, 1),
        ("abandoned", "abandoned", "job_found", 2),
        ("changed", "abandoned", "health", 3),
        ("completed", "completed", None, 4),
        ("interrupted", "interrupted", None, 5),
        ("changed", "in_training", None, 6),
        ("cancelled", "cancelled", None, 7),
    ]


async def test_a_transfer_links_to_the_enrolment_that_continues_it(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.post("enrolments", [entry(reference="INS-1"), entry(reference="INS-2")])
    transfer = {"kind": "transferred", "ended_on": "2016-05-02", "continues_in": "INS-2"}
    answer = await holder.put("enrolments/INS-1/end", transfer)
    destination = (await holder.get("enrolments/INS-2")).json()["enrolment_id"]
    assert answer.json()["continues_in"] == destination
    said = (await enrolment.said())[-1]
    assert isinstance(said, EnrolmentState)
    assert (said.TYPE, str(said.continues_in)) == ("enrolment.enrolment.transferred.v1", destination)


async def test_ends_in_bulk_are_judged_one_after_the_other(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    names = ["INS-1", "INS-2", "INS-3"]
    await holder.post(
        "enrolments", [entry(reference=name, learner=learner(reference=f"APP-{name}")) for name in names]
    )
    ends: list[dict[str, Any]] = [
        completed(reference="INS-1"),
        completed(reference="INS-1"),
        ABANDONED | {"reference": "INS-1"},
        completed(reference="INS-0"),
        completed(reference="INS-2", ended_on="2016-02-01"),
        completed(reference="INS-2", reason="health"),
        {"reference": "INS-2", "kind": "transferred", "ended_on": "2016-05-01", "continues_in": "INS-3"},
        completed(reference="INS-3", kind="vanished"),
        completed(reference=NIR),
    ]
    answer = await holder.post("ends", ends)
    assert verdicts(answer) == ["accepted", "duplicate", "updated"] + ["rejected"] * 6
    refused = [result["errors"][0] for result in answer.json()["results"][3:]]
    assert [(error["code"], error["pointer"]) for error in refused] == [
        ("unknown_enrolment", "/reference"),
        ("end_before_entry", "/ended_on"),
        ("reason_not_expected", "/reason"),
        ("destination_of_another_learner", "/continues_in"),
        ("wrong_value", "/kind"),
        ("nir_refused", "/reference"),
    ]
    assert NIR not in answer.text
    assert len(await enrolment.said()) == 1 + 3 + 2


async def test_an_unknown_or_foreign_enrolment_has_no_end(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    assert refusal(await holder.put("enrolments/INS-0/end", completed()))[0] == 404
    assert refusal(await holder.delete("enrolments/INS-0/end")) == (404, "not_found", None)
    await holder.enter()
    stranger = Holder(enrolment, siren=OTHER_HOLDER)
    assert (await stranger.put("enrolments/INS-1/end", completed())).status_code == 404
    stranger._root = holder._root
    for answer in (
        await stranger.put("enrolments/INS-1/end", completed()),
        await stranger.delete("enrolments/INS-1/end"),
        await stranger.post("ends", []),
        await stranger.put("enrolments/INS-1/certifications/C-1", RESULT),
    ):
        assert refusal(answer) == (404, "not_found", None)


async def test_old_ends_are_counted_in_the_journal(holder: Holder, enrolment: ServiceUnderTest) -> None:
    await holder.enter()
    plain = Holder(enrolment, backfill=False)
    refused = await plain.put("enrolments/INS-1/end", completed())
    assert refusal(refused) == (403, "backfill_scope_required", "/ended_on")
    await holder.post("ends", [completed(reference="INS-1")])
    (last,) = await enrolment.rows("SELECT detail FROM enrolment.journal ORDER BY entry DESC LIMIT 1")
    assert last["detail"] == '{"kind": "ends", "count": 1}'


async def test_a_result_is_awarded_once_and_corrected(holder: Holder, enrolment: ServiceUnderTest) -> None:
    entered = await holder.enter()
    path = "enrolments/INS-1/certifications/C-1"
    answers = [
        await holder.put(path, RESULT),
        await holder.put(path, RESULT),
        await holder.put(path, RESULT | {"result": "partial"}),
    ]
    assert [answer.json()["verdict"] for answer in answers] == ["accepted", "unchanged", "updated"]
    said = [fact for fact in await enrolment.said() if isinstance(fact, CertificationAwarded)]
    assert [(fact.result, fact.version) for fact in said] == [("full", 1), ("partial", 2)]
    expected = stable_id("certification", entered.json()["enrolment_id"], "C-1")
    assert said[0].certification_id == expected
    file = (await holder.get("enrolments/INS-1")).json()
    assert [result["result"] for result in file["certifications"]] == ["partial"]


async def test_a_result_that_cannot_be_is_refused(holder: Holder, enrolment: ServiceUnderTest) -> None:
    await holder.enter()
    path = "enrolments/INS-1/certifications/C-1"
    early = await holder.put(path, RESULT | {"decided_on": "2016-02-29"})
    assert refusal(early) == (422, "decided_before_entry", "/decided_on")
    assert refusal(await holder.put(path, RESULT | {"register_entry": "TP-1"})) == (
        422,
        "bad_rncp",
        "/register_entry",
    )
    assert refusal(await holder.put("enrolments/INS-0/certifications/C-1", RESULT))[0] == 404
    plain = Holder(enrolment, backfill=False)
    assert refusal(await plain.put(path, RESULT)) == (403, "backfill_scope_required", "/decided_on")
