"""Settling follow-ups again and telling the others what changed: the same path for every cause."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.followup.domain.followups import Change, Followup, Weighing, change_between, weigh
from services.followup.domain.observations import Observation
from services.followup.domain.outcomes import OutcomeList
from services.followup.repository.codes import codes_in_force
from services.followup.repository.followups import save_settled
from shared.events.followup import FollowupExcluded, FollowupState, OutcomeSettled, OutcomeWithdrawn
from shared.platform.database import Transaction

_FACT_OF: Final[dict[Change, type[FollowupState]]] = {
    Change.SETTLED: OutcomeSettled,
    Change.WITHDRAWN: OutcomeWithdrawn,
    Change.EXCLUDED: FollowupExcluded,
}


@dataclass(frozen=True, slots=True)
class Resettled:
    """A follow-up before and after, and what the others are to be told."""

    followup: Followup
    weighing: Weighing
    change: Change | None


def resettle(
    before: Followup, observations: Sequence[Observation], *, after: Followup | None = None
) -> Resettled:
    """Settle anew what is held of a follow-up; `after` when its exit or exclusion changed as well."""
    weighing = weigh(after or before, observations, outcomes=codes_in_force().outcomes)
    settled = replace(after or before, settled=weighing.settled)
    change = change_between(before, settled)
    if change is not None:
        settled = replace(settled, version=before.version + 1)
    return Resettled(settled, weighing, change)


async def save_and_speak(tx: Transaction, resettled: Sequence[Resettled]) -> None:
    """Write the follow-ups that changed and say so, once each."""
    changed = [one for one in resettled if one.change is not None]
    await save_settled(tx, [one.followup for one in changed])
    outcomes = codes_in_force().outcomes
    tx.speak(*(fact_of(one, outcomes) for one in changed))


def fact_of(resettled: Resettled, outcomes: OutcomeList) -> FollowupState:
    """The state of a follow-up as the others hear it."""
    followup, change = resettled.followup, resettled.change
    assert change is not None  # noqa: S101 - silence has no fact
    assert followup.exit is not None  # noqa: S101 - what never had an exit never settled
    return _FACT_OF[change].model_validate(
        {
            "version": followup.version,
            "enrolment_id": followup.enrolment_id,
            "training_id": followup.exit.training_id,
            "exit_on": followup.exit.exit_on,
            "exit_kind": followup.exit.exit_kind,
            "waves": tuple(_wave(one) for one in followup.settled),
            "mapping": outcomes.version,
        }
    )


def _wave(settled: Any) -> dict[str, Any]:
    return {
        "wave": settled.wave,
        "situation": settled.situation,
        "outcome": settled.outcome,
        "job_class": settled.job_class,
        "durable": settled.durable,
        "source": settled.source,
        "reference_on": settled.reference_on,
        "collected_on": settled.collected_on,
    }
