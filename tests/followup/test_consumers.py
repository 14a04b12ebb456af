"""Hearing of enrolments: follow-ups open, move and close with the exit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from shared.events.enrolment import EnrolmentChanged
from shared.events.followup import FollowupState, OutcomeSettled, OutcomeWithdrawn
from tests.followup.lines import (
    OTHER_HOLDER,
    contract,
    enrolment,
    enrolment_id,
    in_training,
    situation,
    verdicts,
)
from tests.support.under_test import ServiceUnderTest

Push = Callable[..., Awaitable[list[dict[str, Any]]]]


async def statuses(followup: ServiceUnderTest) -> list[tuple[str, int]]:
    rows = await followup.rows(
        "SELECT status, enrolment_version FROM followup.followup ORDER BY enrolment_id"
    )
    return [(row["status"], row["enrolment_version"]) for row in rows]


async def told(followup: ServiceUnderTest) -> list[FollowupState]:
    return [fact for fact in await followup.said() if isinstance(fact, FollowupState)]


async def test_an_exit_opens_a_followup_and_says_nothing(followup: ServiceUnderTest) -> None:
    for status in ("completed", "abandoned", "interrupted"):
        await followup.hear(in_training(status), enrolment(status, status=status))

    assert await statuses(followup) == [("open", 2)] * 3
    assert await followup.said() == []


async def test_who_has_not_left_the_scheme_is_not_followed(followup: ServiceUnderTest) -> None:
    await followup.hear(
        in_training("entered"),
        enrolment("transferred", status="transferred"),
        enrolment("cancelled", status="cancelled", ended_on=None),
        enrolment("changed", status="in_training", ended_on=None, kind=EnrolmentChanged),
    )

    assert await statuses(followup) == []


async def test_a_corrected_exit_moves_the_anniversaries(followup: ServiceUnderTest, push: Push) -> None:
    await followup.hear(enrolment())
    await push(situation())

    await followup.hear(enrolment(ended_on="2016-03-05", version=3))
    await followup.hear(enrolment(ended_on="2016-02-05", version=4))
    await followup.hear(enrolment(ended_on="2016-03-15", version=5))

    settled, moved, lost, back = await told(followup)
    assert [fact.version for fact in (settled, moved, lost, back)] == [1, 2, 3, 4]
    assert isinstance(moved, OutcomeSettled)
    assert (moved.exit_on.isoformat(), len(moved.waves)) == ("2016-03-05", 1)
    assert isinstance(lost, OutcomeWithdrawn)
    assert (lost.exit_on.isoformat(), lost.waves) == ("2016-02-05", ())
    assert isinstance(back, OutcomeSettled)
    assert back.waves == settled.waves


async def test_a_withdrawn_end_closes_and_its_observations_wait_again(
    followup: ServiceUnderTest, push: Push
) -> None:
    await followup.hear(enrolment())
    await push(contract())

    await followup.hear(enrolment(status="in_training", ended_on=None, version=3))
    assert verdicts(await push(situation())) == ["waiting"]
    await followup.hear(enrolment(status="abandoned", ended_on="2016-03-01", version=4))

    settled, withdrawn, again = await told(followup)
    assert isinstance(settled, OutcomeSettled)
    assert isinstance(withdrawn, OutcomeWithdrawn)
    assert (withdrawn.version, withdrawn.waves) == (2, ())
    assert isinstance(again, OutcomeSettled)
    assert (again.version, again.exit_kind, len(again.waves)) == (3, "abandoned", 2)
    assert await statuses(followup) == [("open", 4)]


async def test_a_transfer_after_an_exit_withdraws_what_was_settled(
    followup: ServiceUnderTest, push: Push
) -> None:
    await followup.hear(enrolment())
    await push(contract())

    await followup.hear(enrolment(status="transferred", version=3))

    assert isinstance((await told(followup))[-1], OutcomeWithdrawn)
    assert await statuses(followup) == [("closed", 3)]


async def test_a_duplicate_or_an_older_version_changes_nothing(
    followup: ServiceUnderTest, push: Push
) -> None:
    await followup.hear(enrolment(version=5))
    await push(contract())

    await followup.hear(enrolment(version=5, ended_on="2016-01-01"))
    await followup.hear(enrolment(status="in_training", ended_on=None, version=4))

    assert len(await told(followup)) == 1
    assert await statuses(followup) == [("open", 5)]


async def test_of_several_states_in_one_batch_the_latest_counts(
    followup: ServiceUnderTest, push: Push
) -> None:
    await push(contract())

    await followup.hear(in_training(), enrolment(version=2), enrolment(version=3, ended_on="2016-03-20"))

    (fact,) = await told(followup)
    assert (fact.version, fact.exit_on.isoformat()) == (1, "2016-03-20")


async def test_an_entry_leaves_what_waits_waiting(followup: ServiceUnderTest, push: Push) -> None:
    await push(contract())

    await followup.hear(in_training())

    assert await followup.said() == []
    assert await statuses(followup) == [("waiting", 0)]


async def test_what_another_holder_said_while_waiting_never_counts(
    followup: ServiceUnderTest, push: Push, holder: httpx.AsyncClient
) -> None:
    stranger = followup.client("outcomes:write followup:backfill", org=OTHER_HOLDER)
    await push(contract("S-1"), by=stranger)
    await push(situation("H-1"), by=holder)

    await followup.hear(enrolment())

    (fact,) = await told(followup)
    assert [(wave.wave, wave.outcome) for wave in fact.waves] == [(3, "job_search")]


async def test_hundreds_of_exits_settle_in_one_batch(followup: ServiceUnderTest, push: Push) -> None:
    names = [f"learner-{number}" for number in range(300)]
    await push(*(contract(f"FT-{number}", name=name) for number, name in enumerate(names)))

    await followup.hear(*(enrolment(name) for name in names))

    facts = await told(followup)
    assert len(facts) == len({fact.enrolment_id for fact in facts}) == 300
    assert await followup.rows("SELECT 1 FROM followup.parked_event") == []


async def test_an_outcome_and_its_exit_that_cross_never_miss_each_other(
    followup: ServiceUnderTest, push: Push
) -> None:
    names = [f"learner-{number}" for number in range(20)]

    await asyncio.gather(
        *(push(contract(f"FT-{name}", name=name)) for name in names),
        followup.hear(*(enrolment(name) for name in reversed(names))),
    )

    facts = await told(followup)
    assert sorted(fact.enrolment_id for fact in facts) == sorted(enrolment_id(name) for name in names)
