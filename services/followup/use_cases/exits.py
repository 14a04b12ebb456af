"""Hearing of enrolments: follow-ups open, move with a corrected exit, and close when an end is withdrawn."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from services.followup.domain.exits import after_hearing, no_longer_heard
from services.followup.domain.followups import Exit, Followup, Status
from services.followup.repository.followups import (
    forget_versions,
    lock_followups,
    lock_not_heard,
    prefer_indexes,
    save_followups,
)
from services.followup.repository.observations import observations_of
from services.followup.use_cases.settling import resettle, save_and_speak
from shared.events.enrolment import EnrolmentState
from shared.platform.database import Transaction
from shared.platform.event_log import MAX_EVENTS

FOLLOWED: Final = frozenset({"completed", "abandoned", "interrupted"})
FORGOTTEN_AT_ONCE: Final = 2000
"""Rows of one transaction: a push waits for them, and not for the whole table."""


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


async def forget_some(tx: Transaction, *, after: UUID) -> UUID | None:
    """Make some follow-ups hear of their enrolment as if for the first time; gives the last one, None at the end."""
    return await forget_versions(tx, after=after, limit=FORGOTTEN_AT_ONCE)


async def close_not_heard(tx: Transaction) -> bool:
    """Close some follow-ups of enrolments that were not heard again; gives whether there were any."""
    await prefer_indexes(tx)
    held = await lock_not_heard(tx, limit=MAX_EVENTS)
    if not held:
        return False
    closed = [no_longer_heard(followup) for followup in held]
    await save_followups(tx, closed)
    observations = await observations_of(tx, [followup.enrolment_id for followup in held])
    await save_and_speak(
        tx,
        [
            resettle(before, observations.get(before.enrolment_id, []), after=after)
            for before, after in zip(held, closed, strict=True)
        ],
    )
    return True


def _heard(held: Followup | None, state: EnrolmentState) -> Followup | None:
    left = None
    if state.status in FOLLOWED and state.ended_on is not None:
        left = Exit(state.holder, state.training_id, state.ended_on, state.status)
    return after_hearing(held, left, enrolment_id=state.enrolment_id, version=state.version)
