"""Taking outcomes in: verdicts, corrections, retractions, and what the others are told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from shared.events.followup import FollowupState, OutcomeSettled, OutcomeWithdrawn
from tests.followup.lines import (
    OTHER_HOLDER,
    contract,
    enrolment,
    enrolment_id,
    retraction,
    searched,
    situation,
    verdicts,
    whys,
)
from tests.support.under_test import ServiceUnderTest

Push = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def said(followup: ServiceUnderTest) -> Callable[[], Awaitable[list[FollowupState]]]:
    """What followup said since the last time it was asked."""
    heard = 0

    async def news() -> list[FollowupState]:
        nonlocal heard
        facts = [fact for fact in await followup.said() if isinstance(fact, FollowupState)]
        heard, fresh = len(facts), facts[heard:]
        return fresh

    await followup.hear(enrolment())
    return news


Said = Callable[[], Awaitable[list[FollowupState]]]


async def test_a_job_settles_both_waves_and_is_told_once(push: Push, said: Said) -> None:
    (result,) = await push(contract(nature_dsn="03", planned_end_on="2016-12-31"))

    assert (result["status"], whys(result)) == ("accepted", ["counted", "counted"])
    (fact,) = await said()
    assert isinstance(fact, OutcomeSettled)
    assert (fact.version, fact.mapping, fact.exit_kind) == (1, "outcomes-1", "completed")
    assert [(wave.wave, wave.outcome, wave.job_class, wave.durable) for wave in fact.waves] == [
        (3, "temp_agency", "temp_agency", True),
        (6, "temp_agency", "temp_agency", True),
    ]


async def test_the_same_again_is_a_duplicate_and_is_not_told(push: Push, said: Said) -> None:
    await push(contract())
    await said()

    (result,) = await push(contract())

    assert (result["status"], whys(result)) == ("duplicate", ["counted", "counted"])
    assert await said() == []


async def test_a_repetition_inside_one_push_is_a_duplicate(push: Push, said: Said) -> None:
    assert verdicts(await push(contract(), contract())) == ["accepted", "duplicate"]
    assert len(await said()) == 1


async def test_a_later_statement_corrects_and_an_earlier_one_is_older(push: Push, said: Said) -> None:
    await push(contract())
    await said()

    (corrected,) = await push(contract(nature_dsn="03", collected_on="2016-06-27"))
    (older,) = await push(contract(nature_dsn="02", collected_on="2016-06-22"))

    assert (corrected["status"], corrected["note"]) == ("accepted", "corrects")
    assert (older["status"], whys(older)) == ("older_than_held", ["outranked", "outranked"])
    (fact,) = await said()
    assert (fact.version, fact.waves[0].outcome) == (2, "temp_agency")
    assert fact.waves[0].collected_on.isoformat() == "2016-06-20", "the fact was known from then"


async def test_a_correction_inside_one_push_replaces_what_comes_before_it(
    push: Push, said: Said, followup: ServiceUnderTest
) -> None:
    first, second = await push(contract(), contract(nature_dsn="50", collected_on="2016-06-27"))

    assert (first["status"], whys(first)) == ("accepted", ["outranked", "outranked"])
    assert (second["status"], whys(second)) == ("accepted", ["counted", "counted"])
    assert len(await said()) == 1
    history = await followup.rows("SELECT revision, content FROM followup.observation_history")
    assert [row["revision"] for row in history] == [1]
    assert [row["revision"] for row in await followup.rows("SELECT revision FROM followup.observation")] == [
        2
    ]


async def test_a_wave_that_only_loses_its_situation_is_withdrawn(push: Push, said: Said) -> None:
    await push(contract())
    await said()

    await push(contract(ends_on="2016-08-31", collected_on="2016-09-05"))

    (fact,) = await said()
    assert isinstance(fact, OutcomeWithdrawn)
    assert [wave.wave for wave in fact.waves] == [3]


async def test_a_retraction_takes_back_for_good(push: Push, said: Said, followup: ServiceUnderTest) -> None:
    await push(contract())
    await said()

    (taken_back,) = await push(retraction())
    (again,) = await push(retraction())
    (resent,) = await push(contract())

    assert (taken_back["status"], taken_back["note"]) == ("accepted", "retracts")
    assert whys(taken_back) == ["retracted", "retracted"]
    assert again["status"] == "duplicate"
    assert (resent["status"], whys(resent)) == ("older_than_held", ["retracted", "retracted"])
    (fact,) = await said()
    assert isinstance(fact, OutcomeWithdrawn)
    assert (fact.version, fact.waves) == (2, ())
    (row,) = await followup.rows(
        "SELECT revision, content ->> 'kind' AS kind FROM followup.observation_history"
    )
    assert row == {"revision": 1, "kind": "contract"}


async def test_a_retraction_that_arrives_first_holds_for_what_it_names(push: Push, said: Said) -> None:
    (early,) = await push(retraction("FT-1", collected_on="2016-07-01"))
    (late,) = await push(contract("FT-1", collected_on="2016-06-20"))
    (anew,) = await push(contract("FT-1", collected_on="2016-07-02"))

    assert early["status"] == "accepted_with_warning"
    assert [warning["code"] for warning in early["warnings"]] == ["unknown_reference"]
    assert late["status"] == "older_than_held"
    assert (anew["status"], whys(anew)) == ("accepted", ["counted", "counted"])
    assert len(await said()) == 1


async def test_what_changes_nothing_is_kept_and_not_told(push: Push, said: Said) -> None:
    results = await push(
        searched(), situation("FT-9", observed_on="2016-05-02"), situation("FT-8", situation="unknown")
    )

    assert verdicts(results) == ["accepted"] * 3
    assert [whys(result)[0] for result in results] == ["not_an_answer", "outside_window", "not_an_answer"]
    assert await said() == []


async def test_one_enrolment_named_often_in_a_push_is_told_once(push: Push, said: Said) -> None:
    results = await push(
        situation("FT-2"),
        contract("FT-1"),
        situation("FT-3", situation="inactive", observed_on="2016-09-15", collected_on="2016-09-16"),
        searched("FT-4"),
    )

    assert [whys(result) for result in results] == [
        ["outranked", "outside_window"],
        ["counted", "counted"],
        ["outside_window", "outranked"],
        ["not_an_answer", "not_an_answer"],
    ]
    assert len(await said()) == 1


async def test_an_unknown_nature_is_another_contract_with_a_warning(push: Push, said: Said) -> None:
    (result,) = await push(contract(nature_dsn="X9"))

    assert result["status"] == "accepted_with_warning"
    assert [(one["pointer"], one["code"]) for one in result["warnings"]] == [
        ("/nature_dsn", "unknown_nature")
    ]
    assert (await said())[0].waves[0].outcome == "other_contract"


async def test_a_holder_declares_its_own_and_an_administration_comes_first(
    push: Push, said: Said, holder: httpx.AsyncClient
) -> None:
    (declared,) = await push(situation("H-1", situation="own_business"), by=holder)
    assert whys(declared)[0] == "counted"
    assert (await said())[0].waves[0].source == "holder"

    (negative,) = await push(situation("FT-1"))
    assert whys(negative)[0] == "outranked", "a search for work never beats a declared job"
    assert await said() == []

    (positive,) = await push(contract("FT-2"))
    assert whys(positive)[0] == "counted"
    assert [(wave.wave, wave.source) for wave in (await said())[0].waves] == [
        (3, "administrative"),
        (6, "administrative"),
    ]


async def test_the_same_reference_of_two_reporters_is_two_facts(
    push: Push, said: Said, holder: httpx.AsyncClient
) -> None:
    assert verdicts(await push(contract("X-1"))) == ["accepted"]
    assert verdicts(await push(contract("X-1"), by=holder)) == ["accepted"]


async def test_another_holders_enrolment_is_answered_as_one_that_nobody_has_and_nothing_counts(
    push: Push, said: Said, followup: ServiceUnderTest
) -> None:
    stranger = followup.client("outcomes:write followup:backfill", org=OTHER_HOLDER)

    (of_anothers,) = await push(contract("C-1"), by=stranger)
    (of_nobodys,) = await push(contract("C-2", name="nobody"), by=stranger)

    assert of_anothers["status"] == "waiting"
    assert of_anothers | {"reference": "C-2"} == of_nobodys
    assert await said() == []


async def test_a_reference_cannot_move_to_another_enrolment(
    push: Push, said: Said, followup: ServiceUnderTest
) -> None:
    await followup.hear(enrolment("grace"))
    await push(contract())

    (result,) = await push(contract(name="grace", collected_on="2016-07-04"))

    assert result["status"] == "rejected"
    assert result["errors"][0]["code"] == "other_enrolment"


async def test_lines_are_refused_one_by_one(push: Push, said: Said, followup: ServiceUnderTest) -> None:
    results = await push(
        contract("FT-1"),
        contract("FT-2", ends_on="2016-05-01"),
        contract("FT-3", starts_on="2016-08-01"),
        situation("FT-4", observed_on="2016-06-30"),
        situation("FT-5", situation="astronaut"),
    )

    assert verdicts(results) == ["accepted", *["rejected"] * 4]
    assert [(one["errors"][0]["pointer"], one["errors"][0]["code"]) for one in results[1:]] == [
        ("/ends_on", "ends_before_start"),
        ("/starts_on", "starts_too_late"),
        ("/observed_on", "observed_after_collection"),
        ("/situation", "unknown_outcome"),
    ]
    assert "astronaut" not in str(results)
    assert len(await followup.rows("SELECT 1 FROM followup.observation")) == 1


async def test_old_dates_need_the_right_and_are_journalled(
    push: Push, said: Said, followup: ServiceUnderTest
) -> None:
    without = followup.client("outcomes:write", reporter="another-reporter")

    (refused,) = await push(contract(), by=without)
    assert refused["errors"][0]["code"] == "backfill_scope_required"

    await push(contract(), situation())
    entries = await followup.rows("SELECT client_id, action, detail FROM followup.journal")
    assert [(row["client_id"], row["action"]) for row in entries] == [("france-travail", "backfill")]
    assert '"observations": 2' in entries[0]["detail"]


async def test_outcomes_wait_for_their_exit(
    push: Push, followup: ServiceUnderTest, reporter: httpx.AsyncClient
) -> None:
    results = await push(contract(), situation("FT-2"), searched("FT-3"))
    again = await push(contract())

    assert verdicts(results) == ["waiting"] * 3
    assert whys(results[0]) == ["waiting_for_exit", "waiting_for_exit"]
    assert verdicts(again) == ["duplicate"]
    assert await followup.said() == []

    await followup.hear(enrolment())

    (fact,) = await followup.said()
    assert isinstance(fact, OutcomeSettled)
    assert [wave.outcome for wave in fact.waves] == ["permanent", "permanent"]
    assert fact.enrolment_id == enrolment_id("ada")


async def test_a_thousand_lines_are_two_transactions(push: Push, followup: ServiceUnderTest) -> None:
    names = [f"learner-{number}" for number in range(1000)]
    for start in (0, 500):
        await followup.hear(*(enrolment(name) for name in names[start : start + 500]))

    results = await push(*(contract(f"FT-{number}", name=name) for number, name in enumerate(names)))

    assert verdicts(results) == ["accepted"] * 1000
    (row,) = await followup.rows(
        "SELECT (SELECT count(*) FROM followup.event_log) AS events, (SELECT accepted FROM followup.lot) AS counted,"
        " (SELECT count(DISTINCT recorded_at) FROM followup.observation) AS transactions,"
        " (SELECT count(*) FROM followup.observation_history) AS replaced"
    )
    assert row == {"events": 1000, "counted": 1000, "transactions": 2, "replaced": 0}


async def test_one_push_sent_twice_at_once_is_taken_once(push: Push, said: Said) -> None:
    both = await asyncio.gather(push(contract()), push(contract()))

    assert sorted(verdicts([*both[0], *both[1]])) == ["accepted", "duplicate"]
    assert len(await said()) == 1


async def test_a_sending_tried_again_does_not_undo_the_correction_of_the_same_day(
    push: Push, said: Said
) -> None:
    await push(contract())
    await push(situation("FT-1", observed_on="2016-06-20", collected_on="2016-06-20"))
    await said()

    (retried,) = await push(contract())

    assert retried["status"] == "older_than_held"
    assert await said() == []


async def test_a_word_replaced_inside_one_push_does_not_come_back_the_same_day(
    push: Push, said: Said
) -> None:
    corrected = situation("FT-1", observed_on="2016-06-20", collected_on="2016-06-20")
    assert verdicts(await push(contract(), corrected, contract())) == [
        "accepted",
        "accepted",
        "older_than_held",
    ]


async def test_pushes_that_meet_on_one_reference_leave_what_one_after_the_other_would(
    followup: ServiceUnderTest, push: Push, said: Said
) -> None:
    """One retracts while the other says it: they share no follow-up, only the reference."""

    async def until_taken(*lines: dict[str, Any]) -> str:
        while True:
            try:
                return verdicts(await push(*lines))[0]
            except AssertionError:
                # 503: the other one came first, the same call is sent again.
                await asyncio.sleep(0.01)

    for number in range(8):
        reference = f"FT-{number}"
        await asyncio.gather(
            until_taken(contract(reference)), until_taken(retraction(reference, collected_on="2016-07-01"))
        )
    rows = await followup.rows("SELECT kind, count(*) FROM followup.observation GROUP BY kind")
    assert [(row["kind"], row["count"]) for row in rows] == [("retraction", 8)]
    settled = await followup.rows("SELECT settled FROM followup.followup")
    assert [row["settled"] for row in settled] == ["[]"]
