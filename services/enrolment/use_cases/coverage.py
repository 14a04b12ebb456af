"""Labels heard, and what they do to sessions and entries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.enrolment.domain.labels import HeardLabel, Label, coverage_of_entry, coverage_of_session
from services.enrolment.domain.sessions import Session
from services.enrolment.repository import enrolments as enrolment_rows
from services.enrolment.repository import labels as label_rows
from services.enrolment.repository import locks
from services.enrolment.repository import sessions as session_rows
from services.enrolment.repository.enrolments import EntryGroup
from services.enrolment.use_cases.speech import changed, session_fact
from shared.platform.database import Transaction
from shared.platform.event_log import MAX_EVENTS


async def keep_labels(tx: Transaction, labels: Sequence[HeardLabel]) -> None:
    """Keep labels as heard and settle the sessions and entries of their trainings."""
    newest: dict[UUID, HeardLabel] = {}
    for heard in labels:
        held = newest.get(heard.label_id)
        if held is None or held.version < heard.version:
            newest[heard.label_id] = heard
    await locks.hold(tx, (heard.holder for heard in newest.values()))
    await label_rows.save_labels(tx, [newest[label_id] for label_id in sorted(newest)])
    await settle_trainings(tx, {heard.training_id: heard.holder for heard in newest.values()})


async def settle_trainings(tx: Transaction, trainings: Mapping[UUID, str]) -> None:
    """Bring the coverage of sessions and entries in line with the labels held; the holders are held by the caller.

    A transaction says MAX_EVENTS facts at most: what exceeds them is marked and settled by the next one.
    """
    labels = await label_rows.labels_of(tx, trainings)
    sessions = await session_rows.sessions_of_trainings(tx, trainings)
    left = await _settle_sessions(tx, sessions, labels=labels)
    left |= await _settle_entries(tx, sessions, labels=labels)
    await label_rows.mark_unsettled(tx, {training: trainings[training] for training in left})
    await label_rows.mark_settled(tx, trainings.keys() - left)


async def longest_waiting(tx: Transaction) -> dict[UUID, str]:
    """The training whose rest has waited longest, with its holder; empty when nothing waits."""
    return await label_rows.longest_unsettled(tx)


async def settle_rest(tx: Transaction, waiting: Mapping[UUID, str]) -> None:
    """Go on with a training that waits.

    Several workers may take the same one: they do so one after the other, and what is settled stays settled.
    """
    await locks.hold(tx, waiting.values())
    await settle_trainings(tx, waiting)


async def postpone(tx: Transaction, waiting: Mapping[UUID, str]) -> None:
    """Let the others go first: what fails today must not keep them waiting."""
    await label_rows.wait_anew(tx, waiting.keys())


async def forget_labels(tx: Transaction) -> None:
    """Make every label be heard as if for the first time."""
    await label_rows.forget_versions(tx)


async def drop_unheard_labels(tx: Transaction) -> bool:
    """Drop the labels of one training that were not heard again and settle it; gives whether there was one."""
    found = await label_rows.not_heard(tx)
    if found is None:
        return False
    training, holder = found
    await locks.hold(tx, [holder])
    await label_rows.drop_not_heard(tx, training)
    await settle_trainings(tx, {training: holder})
    return True


def _room(tx: Transaction) -> int:
    return MAX_EVENTS - len(tx.spoken)


async def _settle_sessions(
    tx: Transaction, sessions: Sequence[Session], *, labels: Mapping[UUID, Sequence[Label]]
) -> set[UUID]:
    settled = [
        replace(session, coverage=coverage, version=session.version + 1)
        for session in sessions
        if (coverage := coverage_of_session(session.declared.run, labels=labels.get(session.training_id, ())))
        is not session.coverage
    ]
    now, later = settled[: _room(tx)], settled[_room(tx) :]
    await session_rows.update_sessions(tx, now)
    tx.speak(*(session_fact(session) for session in now))
    return {session.training_id for session in later}


async def _settle_entries(
    tx: Transaction, sessions: Sequence[Session], *, labels: Mapping[UUID, Sequence[Label]]
) -> set[UUID]:
    of_id = {session.session_id: session for session in sessions}
    wrong: list[EntryGroup] = []
    for group in await enrolment_rows.entry_groups(tx, of_id):
        session = of_id[group.session_id]
        coverage = coverage_of_entry(
            session.declared.run, group.entered_on, labels=labels.get(session.training_id, ())
        )
        if coverage != group.coverage:
            wrong.append(replace(group, coverage=coverage))
    settled = await enrolment_rows.change_coverage(tx, wrong, limit=_room(tx))
    tx.speak(*(changed(enrolment) for enrolment in settled))
    if len(settled) == sum(group.learners for group in wrong):
        return set()
    return {of_id[group.session_id].training_id for group in wrong}
