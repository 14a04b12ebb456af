"""Settling follow-ups again and telling the others what changed: the same path for every cause."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from services.followup.domain.followups import Followup
from services.followup.domain.followups import SettledWave as Settled
from services.followup.domain.observations import Observation
from services.followup.domain.settlement import Change, Weighing, change_between, weigh
from services.followup.repository.codes import codes_in_force
from services.followup.repository.followups import save_settled
from shared.events.followup import (
    FollowupExcluded,
    FollowupState,
    OutcomeSettled,
    OutcomeWithdrawn,
)
from shared.platform.database import Transaction

_FACT_OF: Final[dict[Change, type[FollowupState]]] = {
    Change.SETTLED: OutcomeSettled,
    Change.WITHDRAWN: OutcomeWithdrawn,
    Change.EXCLUDED: FollowupExcluded,
}


class Resettled(NamedTuple):
    """A follow-up as it is, what is settled of it now, and what the others are to be told."""

    followup: Followup
    weighing: Weighing
    change: Change | None


def resettle(
    before: Followup, observations: Sequence[Observation], *, after: Followup | None = None
) -> Resettled:
    """Settle anew what is held of a follow-up; `after` when its exit or exclusion changed as well."""
    followup = after or before
    weighing = weigh(followup, observations, outcomes=codes_in_force().outcomes)
    return Resettled(followup, weighing, change_between(before, followup, settled=weighing.settled))


async def save_and_speak(tx: Transaction, resettled: Sequence[Resettled]) -> None:
    """Write the follow-ups that changed and say so, once each."""
    mapping = codes_in_force().outcomes.version
    changed = [(one, one.change) for one in resettled if one.change is not None]
    if not changed:
        return
    await save_settled(
        tx,
        [(one.followup.enrolment_id, one.weighing.settled, one.followup.version + 1) for one, _ in changed],
    )
    tx.speak(*(_fact_of(one, change, mapping=mapping) for one, change in changed))


def _fact_of(resettled: Resettled, change: Change, *, mapping: str) -> FollowupState:
    left = resettled.followup.exit
    assert left is not None  # noqa: S101 - what never had an exit never settled
    return _FACT_OF[change].model_validate(
        {
            "version": resettled.followup.version + 1,
            "enrolment_id": resettled.followup.enrolment_id,
            "training_id": left.training_id,
            "exit_on": left.exit_on,
            "exit_kind": left.exit_kind,
            "waves": [_wave(one) for one in resettled.weighing.settled],
            "mapping": mapping,
        }
    )


def _wave(settled: Settled) -> dict[str, Any]:
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
