"""Enrolments over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.events.enrolment import EnrolmentState
from shared.kernel.clock import SystemClock
from tests.enrolment.builders import (
    NIR,
    OTHER_HOLDER,
    Holder,
    completed,
    entry,
    label,
    learner,
    profile,
    refusal,
    session,
    verdicts,
)
from tests.support.under_test import ServiceUnderTest


async def last_said(enrolment: ServiceUnderTest) -> EnrolmentState:
    fact = (await enrolment.said())[-1]
    assert isinstance(fact, EnrolmentState)
    return fact


async def test_an_entry_is_said_with_its_profile_and_no_identity(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    answer = await holder.enter(profile=profile(disability_recognised="yes"))
    assert answer.json()["profile"]["neet"] == "yes"
    fact = await last_said(enrolment)
    assert fact.TYPE == "enrolment.enrolment.entered.v1"
    assert (fact.version, fact.coverage, fact.status) == (1, "covered", "in_training")
    assert (str(fact.planned_end_on), str(fact.entered_on)) == ("2016-09-30", "2016-03-01")
    assert fact.profile.model_dump() == {
        "women": "yes",
        "birth_year": 1994,
        "level": 4,
        "low_qualified": "yes",
        "jobseeker": "yes",
        "neet": "yes",
        "qpv": "yes",
        "zoning": "qpv_2014",
        "residence_region": "11",
    }
    assert str(fact.enrolment_id) == answer.json()["enrolment_id"]
    assert UUID(str(fact.learner_id)).version == 4


async def test_the_same_again_is_unchanged_and_a_correction_is_said(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.enter()
    assert (await holder.enter()).json()["verdict"] == "unchanged"
    corrected = await holder.enter(profile=profile(level=5), cost_to_learner_cents=9900)
    assert (corrected.json()["verdict"], corrected.json()["version"]) == ("updated", 2)
    fact = await last_said(enrolment)
    assert (fact.TYPE, fact.profile.low_qualified) == ("enrolment.enrolment.changed.v1", "no")
    assert len(await enrolment.said()) == 3


async def test_a_corrected_birth_date_is_judged_even_where_the_profile_stays(holder: Holder) -> None:
    await holder.enter(learner=learner(birth_date="2000-01-02"))
    answer = await holder.enter(learner=learner(birth_date="2000-12-31"))
    assert refusal(answer) == (422, "too_young", "/learner/birth_date")


async def test_a_corrected_contact_is_kept_and_not_said(holder: Holder, enrolment: ServiceUnderTest) -> None:
    await holder.enter()
    answer = await holder.enter(learner=learner(email="other@example.org"))
    assert answer.json()["verdict"] == "updated"
    assert answer.json()["version"] == 1
    assert len(await enrolment.said()) == 2
    (kept,) = await enrolment.rows("SELECT email, version FROM enrolment.learners")
    assert kept == {"email": "other@example.org", "version": 2}


async def test_a_correction_leaves_the_end_alone(holder: Holder) -> None:
    await holder.enter()
    await holder.put("enrolments/INS-1/end", completed())
    corrected = await holder.enter(profile=profile(level=6))
    assert (corrected.json()["status"], corrected.json()["ended_on"]) == ("completed", "2016-09-30")
    moved = await holder.enter(entered_on="2016-09-30", profile=profile(level=6))
    assert moved.json()["verdict"] == "updated"
    await holder.put("enrolments/INS-1/end", {"kind": "abandoned", "ended_on": "2016-09-30"})
    await holder.enter(entered_on="2016-04-01")
    await holder.put("enrolments/INS-1/end", {"kind": "abandoned", "ended_on": "2016-05-01"})
    assert refusal(await holder.enter(entered_on="2016-06-01")) == (422, "entry_after_end", "/entered_on")


async def test_entries_that_cannot_be_are_refused_by_their_rule(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await enrolment.hear(label(training="FORM-ROLL"))
    rolling = {"training": "FORM-ROLL", "rolling_entry": True, "starts_on": "2019-01-01"}
    await holder.put("sessions/S-ROLL", session(**rolling, planned_end_on="2019-12-31"))
    await holder.put("sessions/S-NONE", session(cancelled_on="2016-02-20"))
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"session": "S-0"}, "unknown_session", "/session"),
        ({"session": "S-NONE"}, "session_cancelled", "/session"),
        ({"entered_on": "2016-02-29"}, "entry_outside_session", "/entered_on"),
        ({"entered_on": "2016-10-01"}, "entry_outside_session", "/entered_on"),
        ({"planned_end_on": "2016-02-29"}, "planned_end_before_entry", "/planned_end_on"),
        ({"learner": learner(birth_date="2000-03-02")}, "too_young", "/learner/birth_date"),
        (
            {"session": "S-ROLL", "entered_on": "2019-02-03"},
            "entry_outside_label_validity",
            "/entered_on",
        ),
        (
            {"learner": learner(notice={"version": "1", "given_on": "2199-01-01"})},
            "date_in_future",
            "/learner/notice/given_on",
        ),
    ]
    answer = await holder.post(
        "enrolments", [entry(reference=f"INS-{n}", **change) for n, (change, _, _) in enumerate(refused)]
    )
    found = [
        (result["errors"][0]["code"], result["errors"][0]["pointer"]) for result in answer.json()["results"]
    ]
    assert found == [(code, pointer) for _, code, pointer in refused]
    assert await enrolment.rows("SELECT 1 FROM enrolment.learners") == []


async def test_malformed_entries_name_field_and_rule_and_never_the_value(holder: Holder) -> None:
    malformed: list[tuple[dict[str, Any], str, str]] = [
        ({"entered_on": "2016-13-77"}, "bad_date", "/entered_on"),
        ({"learner": learner(sex="F")}, "wrong_value", "/learner/sex"),
        ({"learner": learner(email="nobody at home")}, "wrong_form", "/learner/email"),
        ({"learner": learner(phone="zero six")}, "wrong_form", "/learner/phone"),
        ({"learner": learner(birth_code_insee="7505")}, "bad_code_insee", "/learner/birth_code_insee"),
        ({"learner": learner(france_travail_number="123")}, "wrong_form", "/learner/france_travail_number"),
        ({"learner": learner(birth_name="Qui\u0000damme")}, "forbidden_character", "/learner/birth_name"),
        ({"learner": learner(zodiac="lion")}, "unknown_field", "/learner"),
        ({"profile": profile(level=9)}, "wrong_form", "/profile/level"),
        ({"profile": profile(qpv="true")}, "wrong_value", "/profile/qpv"),
        ({"cost_to_learner_cents": 1.5}, "wrong_type", "/cost_to_learner_cents"),
        ({"learner": {"reference": "APP-1"}}, "missing_field", "/learner/birth_name"),
    ]
    items = [entry(reference=f"INS-{n}", **change) for n, (change, _, _) in enumerate(malformed)]
    answer = await holder.post("enrolments", [*items, entry(reference="INS-SOUND")])
    *results, sound = answer.json()["results"]
    for (_, code, pointer), result in zip(malformed, results, strict=True):
        assert (result["errors"][0]["code"], result["errors"][0]["pointer"]) == (code, pointer)
    assert sound["status"] == "created"
    for value in ("2016-13-77", "nobody", "zero six", "damme", "lion"):
        assert value not in answer.text


async def test_a_nir_is_refused_wherever_it_hides_and_kept_nowhere(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    spaced = "2 95 10 99 126 111 93"
    hidden: list[tuple[dict[str, Any], str]] = [
        ({"reference": NIR}, "/reference"),
        ({"session": NIR}, "/session"),
        ({"learner": learner(reference=NIR)}, "/learner/reference"),
        ({"learner": learner(birth_name=f"Quidamme {spaced}")}, "/learner/birth_name"),
        ({"learner": learner(usual_name=NIR)}, "/learner/usual_name"),
        ({"learner": learner(first_names=NIR[:13])}, "/learner/first_names"),
        ({"learner": learner(email=f"{NIR}@example.org")}, "/learner/email"),
        ({"learner": learner(phone=NIR)}, "/learner/phone"),
        ({"learner": learner(birth_code_insee=NIR)}, "/learner/birth_code_insee"),
        ({"learner": learner(france_travail_number=NIR)}, "/learner/france_travail_number"),
        ({"learner": learner(notice={"version": NIR, "given_on": "2016-02-01"})}, "/learner/notice/version"),
        ({"profile": profile(residence_code_insee=NIR)}, "/profile/residence_code_insee"),
    ]
    items = [entry(**{"reference": f"INS-{n}"} | change) for n, (change, _) in enumerate(hidden)]
    answer = await holder.post("enrolments", items)
    for (_, pointer), result in zip(hidden, answer.json()["results"], strict=True):
        assert [(error["code"], error["pointer"]) for error in result["errors"]] == [("nir_refused", pointer)]
    assert NIR[:13] not in answer.text
    assert spaced not in answer.text
    single = await holder.enter(NIR)
    assert refusal(single) == (422, "nir_refused", "/reference")
    assert NIR not in single.text
    assert await enrolment.rows("SELECT 1 FROM enrolment.enrolments") == []


async def test_items_of_one_call_are_judged_one_after_the_other(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    answer = await holder.post(
        "enrolments",
        [
            entry(reference="INS-1"),
            entry(reference="INS-1"),
            entry(reference="INS-1", profile=profile(level=5)),
            entry(reference="INS-2"),
            entry(reference="INS-1", learner=learner(reference="APP-2")),
        ],
    )
    assert verdicts(answer) == ["created", "duplicate", "updated", "created", "rejected"]
    assert answer.json()["results"][-1]["errors"][0]["code"] == "learner_is_fixed"
    assert sorted(fact.version for fact in await enrolment.said()) == [1, 1, 1, 2]
    counted = "SELECT count(*) AS learners, max(version) AS version FROM enrolment.learners"
    assert await enrolment.rows(counted) == [{"learners": 1, "version": 1}]


async def test_what_is_doubtful_is_accepted_with_a_warning(holder: Holder) -> None:
    minor = learner(birth_date="1999-05-17", address_basis="domiciliation")
    answer = await holder.enter(learner=minor)
    assert answer.json()["profile"]["qpv"] == "unknown"
    assert [warning["code"] for warning in answer.json()["warnings"]] == [
        "qpv_unknown_without_address",
        "representative_to_inform",
    ]
    bulk = await holder.post("enrolments", [entry(reference="INS-1", learner=minor)])
    (result,) = bulk.json()["results"]
    assert result["status"] == "unchanged"
    assert len(result["warnings"]) == 2
    notice = {"version": "1", "given_on": "2016-02-01", "representative_informed_on": "2016-02-01"}
    answer = await holder.enter(learner=minor | {"notice": notice, "address_basis": "hosted"})
    assert answer.json()["warnings"] == []


async def test_an_opposition_holds_for_the_person_until_taken_back_in_words(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.enter("INS-1")
    await holder.enter("INS-2", learner=learner(search_opposed=True))
    listed = (await holder.get("enrolments")).json()["items"]
    assert [item["search_opposed"] for item in listed] == [True, True]
    said = [fact for fact in await enrolment.said() if isinstance(fact, EnrolmentState)]
    assert sorted((fact.version, fact.search_opposed) for fact in said) == [(1, False), (1, True), (2, True)]
    assert (await holder.enter("INS-2")).json()["verdict"] == "unchanged"
    await holder.enter("INS-2", learner=learner(search_opposed=False))
    listed = (await holder.get("enrolments")).json()["items"]
    assert [item["search_opposed"] for item in listed] == [False, False]


async def test_an_old_entry_needs_the_backfill_right(holder: Holder, enrolment: ServiceUnderTest) -> None:
    plain = Holder(enrolment, backfill=False)
    refused = await plain.enter()
    assert refusal(refused) == (403, "backfill_scope_required", "/entered_on")
    await holder.enter()
    assert (await plain.enter()).json()["verdict"] == "unchanged"
    corrected = await plain.enter(profile=profile(level=3))
    assert corrected.json()["verdict"] == "updated"
    journal = "SELECT detail FROM enrolment.journal ORDER BY entry"
    assert [entry["detail"] for entry in await enrolment.rows(journal)] == [
        '{"kind": "sessions", "count": 1}',
        '{"kind": "entries", "count": 1}',
    ]


async def test_nobody_enters_in_the_future(holder: Holder, enrolment: ServiceUnderTest) -> None:
    today = SystemClock().today()
    await enrolment.hear(label(version=2, valid_until=today + timedelta(days=400)))
    span = {"starts_on": str(today), "planned_end_on": str(today + timedelta(days=90))}
    await holder.put("sessions/S-NOW", session(**span))
    answer = await holder.enter(session="S-NOW", entered_on=str(today + timedelta(days=2)))
    assert refusal(answer) == (422, "date_in_future", "/entered_on")
    assert (await holder.enter(session="S-NOW", entered_on=str(today))).status_code == 200


async def test_a_file_shows_the_identity_to_its_holder_and_is_journalled(
    holder: Holder, enrolment: ServiceUnderTest
) -> None:
    await holder.enter(profile=profile(disability_recognised="yes"))
    file = await holder.get("enrolments/INS-1")
    assert file.json()["identity"]["birth_name"] == "Quidamme"
    assert "disability" not in file.text
    (journalled,) = await enrolment.rows(
        "SELECT action, detail FROM enrolment.journal WHERE action = 'learner_read'"
    )
    assert file.json()["enrolment_id"] in journalled["detail"]
    assert refusal(await holder.get("enrolments/INS-0"))[0] == 404


async def test_lists_show_no_identity_and_filter(holder: Holder) -> None:
    await holder.put("sessions/S-2", session())
    await holder.enter("INS-1")
    await holder.enter("INS-2", session="S-2")
    await holder.enter("INS-3", session="S-2")
    await holder.put("enrolments/INS-3/end", completed())
    page = await holder.get("enrolments", session="S-2", limit=1)
    assert [item["reference"] for item in page.json()["items"]] == ["INS-2"]
    assert page.json()["items"][0]["learner"] == "APP-1"
    assert "Quidamme" not in page.text
    rest = await holder.get("enrolments", session="S-2", limit=1, after=page.json()["next"])
    assert ([item["reference"] for item in rest.json()["items"]], rest.json()["next"]) == (["INS-3"], None)
    ended = await holder.get("enrolments", status="completed")
    assert [item["reference"] for item in ended.json()["items"]] == ["INS-3"]


async def test_another_tenant_sees_and_writes_nothing(holder: Holder, enrolment: ServiceUnderTest) -> None:
    await holder.enter()
    stranger = Holder(enrolment, siren=OTHER_HOLDER)
    assert refusal(await stranger.get("enrolments/INS-1")) == (404, "not_found", None)
    assert (await stranger.get("enrolments")).json() == {"items": [], "next": None}
    stranger._root = holder._root
    for answer in (
        await stranger.enter(),
        await stranger.post("enrolments", [entry(reference="INS-1")]),
        await stranger.get("enrolments/INS-1"),
        await stranger.get("enrolments"),
    ):
        assert refusal(answer) == (404, "not_found", None)


async def test_too_many_items_are_refused_whole(holder: Holder, enrolment: ServiceUnderTest) -> None:
    items = [entry(reference=f"INS-{n}") for n in range(1001)]
    assert refusal(await holder.post("enrolments", items)) == (413, "too_many_items", "/items")
    assert await enrolment.rows("SELECT 1 FROM enrolment.enrolments") == []


async def test_a_thousand_entries_are_two_transactions(holder: Holder, enrolment: ServiceUnderTest) -> None:
    items = [entry(reference=f"INS-{n}", learner=learner(reference=f"APP-{n}")) for n in range(1000)]
    answer = await holder.post("enrolments", items)
    assert answer.json()["summary"] == {"created": 1000}
    assert (await holder.post("enrolments", items)).json()["summary"] == {"unchanged": 1000}
    used = "SELECT count(DISTINCT xmin::text) AS transactions FROM enrolment.enrolments"
    assert await enrolment.rows(used) == [{"transactions": 2}]
