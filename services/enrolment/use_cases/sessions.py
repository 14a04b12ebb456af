"""Declaring sessions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.enrolment.domain import refusals
from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.labels import Coverage, Label
from services.enrolment.domain.sessions import (
    DeclaredSession,
    Session,
    change_session,
    open_session,
    training_id_of,
)
from services.enrolment.repository import labels as label_rows
from services.enrolment.repository import locks
from services.enrolment.repository import sessions as session_rows
from services.enrolment.use_cases.answers import Answer
from services.enrolment.use_cases.backfill import calendar_of, record_backfill
from services.enrolment.use_cases.coverage import settle_trainings
from services.enrolment.use_cases.ledger import Ledger
from services.enrolment.use_cases.speech import session_fact
from shared.events.enrolment import SessionState
from shared.kernel.errors import Conflict, DomainError
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict


async def declare_sessions(
    tx: Transaction, declared: Sequence[DeclaredSession], *, holder: str, caller: Caller, today: date
) -> list[Answer]:
    """Open or change a holder's sessions; gives one answer per item, in order."""
    await locks.hold(tx, [holder])
    held = await session_rows.sessions_by_reference(
        tx, holder, references={item.reference for item in declared}
    )
    trainings = {training_id_of(holder, item.training) for item in declared}
    batch = _Batch(
        holder=holder,
        calendar=calendar_of(caller, today=today),
        sessions=Ledger(held),
        labels=await label_rows.labels_of(tx, trainings),
        fixed=await session_rows.with_enrolments(tx, _moving(declared, held=held, holder=holder)),
    )
    answers = [batch.declare(item) for item in declared]
    await session_rows.add_sessions(tx, batch.sessions.new())
    await session_rows.update_sessions(tx, batch.sessions.changed())
    tx.speak(*batch.facts)
    moved = {session.training_id: holder for session in batch.sessions.changed()}
    if moved:
        await settle_trainings(tx, moved)
    await record_backfill(tx, caller=caller, calendar=batch.calendar, kind="sessions", dates=batch.starts)
    return answers


def _moving(declared: Sequence[DeclaredSession], *, held: dict[str, Session], holder: str) -> set[UUID]:
    """Held sessions that are now said to belong to another training."""
    return {
        session.session_id
        for item in declared
        if (session := held.get(item.reference))
        and session.training_id != training_id_of(holder, item.training)
    }


@dataclass
class _Batch:
    holder: str
    calendar: Calendar
    sessions: Ledger[Session]
    labels: dict[UUID, list[Label]]
    fixed: set[UUID]
    facts: list[SessionState] = field(default_factory=list)
    starts: list[date] = field(default_factory=list)
    """Starts that were judged: new ones and those that moved."""

    def declare(self, item: DeclaredSession) -> Answer:
        held = self.sessions.get(item.reference)
        if held is not None and held.declared == item:
            return Verdict(self.sessions.unchanged(item.reference), _details(held))
        try:
            session = self._judge(item, held=held)
        except DomainError as refusal:
            return refusal
        self.sessions.put(item.reference, state=session)
        self.facts.append(session_fact(session))
        if held is None or held.declared.starts_on != item.starts_on:
            self.starts.append(item.starts_on)
        if held is not None:
            return Verdict("updated", _details(session))
        return Verdict("waiting" if session.coverage is Coverage.WAITING else "created", _details(session))

    def _judge(self, item: DeclaredSession, *, held: Session | None) -> Session:
        training_id = training_id_of(self.holder, item.training)
        labels = self.labels.get(training_id, ())
        if held is None:
            return open_session(item, holder=self.holder, labels=labels, calendar=self.calendar)
        if held.training_id != training_id and held.session_id in self.fixed:
            raise Conflict(refusals.TRAINING_IS_FIXED, pointer="/training")
        return change_session(held, item, labels=labels, calendar=self.calendar)


def _details(session: Session) -> dict[str, str]:
    return {"session_id": str(session.session_id), "coverage": session.coverage}
