"""Hearing of enrolments: follow-ups open, move with a corrected exit, and close when an end is withdrawn."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from services.followup.domain.exits import after_hearing
from services.followup.domain.followups import Exit, Followup, Status
from services.followup.repository.followups import lock_followups, prefer_indexes, save_followups
from services.followup.repository.observations import observations_of
from services.followup.use_cases.settling import resettle, save_and_speak
from shared.events.enrolment import EnrolmentState
from shared.platform.database import Transaction

FOLLOWED: Final = frozenset({"completed", "abandoned", "interrupted"})


async def follow_enrolments(tx: Transaction, states: Iterable[EnrolmentState]) -> None:
    """Bring the follow-ups to the latest state of these enrolments, and settle what waited for them."""
    latest: dict[UUID, EnrolmentState] = {}
    for state in states:
        known = latest.get(state.enrolment_id)
        if known is None or known.version < state.version:
            latest[state.enrolment_id] = state
    await prefer_indexes(tx)
    held = await lock_followups(tx, latest)
    changed = {
        after.enrolment_id: after
        for state in latest.values()
        if (after := _heard(held.get(state.enrolment_id), state)) is not None
    }
    if not changed:
        return
    await save_followups(tx, list(changed.values()))
    # Read after the write: it waited for any push that was noting one of these enrolments.
    observations = await observations_of(tx, changed)
    await save_and_speak(
        tx,
        [
            resettle(
                held.get(enrolment_id) or Followup(enrolment_id, Status.WAITING),
                observations.get(enrolment_id, []),
                after=after,
            )
            for enrolment_id, after in changed.items()
        ],
    )


def _heard(held: Followup | None, state: EnrolmentState) -> Followup | None:
    left = None
    if state.status in FOLLOWED and state.ended_on is not None:
        left = Exit(state.holder, state.training_id, state.ended_on, state.status)
    return after_hearing(held, left, enrolment_id=state.enrolment_id, version=state.version)
