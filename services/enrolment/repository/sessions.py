"""Sessions."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select

from services.enrolment.domain.labels import Coverage
from services.enrolment.domain.sessions import DeclaredSession, Session
from services.enrolment.repository.sets import add_rows, among, update_rows
from services.enrolment.tables import ENROLMENTS, SESSIONS
from shared.platform.database import Transaction


async def sessions_by_reference(
    tx: Transaction, holder: str, *, references: Collection[str]
) -> dict[str, Session]:
    """The holder's sessions among these references."""
    found = await _sessions(tx, SESSIONS.c.holder == holder, among(SESSIONS.c.reference, references))
    return {session.declared.reference: session for session in found}


async def sessions_of_trainings(tx: Transaction, trainings: Collection[UUID]) -> list[Session]:
    """Every session of these trainings."""
    return await _sessions(tx, among(SESSIONS.c.training_id, trainings))


async def with_enrolments(tx: Transaction, sessions: Collection[UUID]) -> set[UUID]:
    """Those of these sessions that have enrolments."""
    if not sessions:
        return set()
    rows = await tx.execute(
        select(ENROLMENTS.c.session_id).where(among(ENROLMENTS.c.session_id, sessions)).distinct()
    )
    return set(rows.scalars())


async def add_sessions(tx: Transaction, sessions: Sequence[Session]) -> None:
    """Insert new sessions. Raises Unavailable when a concurrent call has just made one of them."""
    await add_rows(tx, SESSIONS, rows=[_row_of(session) for session in sessions])


async def update_sessions(tx: Transaction, sessions: Sequence[Session]) -> None:
    """Replace held sessions."""
    await update_rows(tx, SESSIONS, rows=[_row_of(session) for session in sessions])


async def _sessions(tx: Transaction, *conditions: ColumnElement[bool]) -> list[Session]:
    rows = await tx.execute(select(SESSIONS).where(*conditions).order_by(SESSIONS.c.session_id))
    return [_session_of(row) for row in rows.mappings()]


def _row_of(session: Session) -> dict[str, Any]:
    declared = session.declared
    return {
        "session_id": session.session_id,
        "holder": session.holder,
        "reference": declared.reference,
        "training": declared.training,
        "training_id": session.training_id,
        "starts_on": declared.starts_on,
        "planned_end_on": declared.planned_end_on,
        "capacity": declared.capacity,
        "rolling_entry": declared.rolling_entry,
        "cancelled_on": declared.cancelled_on,
        "coverage": session.coverage,
        "version": session.version,
    }


def _session_of(row: RowMapping) -> Session:
    return Session(
        session_id=row["session_id"],
        holder=row["holder"],
        training_id=row["training_id"],
        declared=DeclaredSession(
            reference=row["reference"],
            training=row["training"],
            starts_on=row["starts_on"],
            planned_end_on=row["planned_end_on"],
            capacity=row["capacity"],
            rolling_entry=row["rolling_entry"],
            cancelled_on=row["cancelled_on"],
        ),
        coverage=Coverage(row["coverage"]),
        version=row["version"],
    )
