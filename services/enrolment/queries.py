"""Questions to enrolment, none of which shows an identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.enrolment.domain.digests import digest_line, digest_of
from services.enrolment.domain.ends import standing_of
from services.enrolment.schemas.sessions import SessionDigest, SessionPage, SessionView
from services.enrolment.schemas.views import CertificationView, EnrolmentPage, EnrolmentView
from services.enrolment.tables import CERTIFICATIONS, ENROLMENTS, LEARNERS, SESSIONS
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.edge.streams import Listing


@dataclass(frozen=True, slots=True)
class PageWanted:
    """A keyset page: so many rows after a key."""

    limit: int
    after: str | None = None


async def session_as_held(connection: AsyncConnection, *, holder: str, reference: str) -> SessionView:
    """One session. Raises NotFound."""
    return SessionView(**await _session(connection, holder=holder, reference=reference))


async def sessions_of_holder(
    connection: AsyncConnection, *, holder: str, page: PageWanted, training: str | None = None
) -> SessionPage:
    """The holder's sessions by reference, of one training if given."""
    asked = select(SESSIONS).where(SESSIONS.c.holder == holder)
    if training is not None:
        asked = asked.where(SESSIONS.c.training == training)
    rows, following = await _page(connection, asked, key=SESSIONS.c.reference, page=page)
    return SessionPage(items=[SessionView(**row) for row in rows], next=following)


async def digest_of_session(connection: AsyncConnection, *, holder: str, reference: str) -> SessionDigest:
    """Count and hash of a session's enrolments. Raises NotFound."""
    session = await _session(connection, holder=holder, reference=reference)
    rows = await connection.execute(
        select(
            ENROLMENTS.c.reference, ENROLMENTS.c.entered_on, ENROLMENTS.c.status, ENROLMENTS.c.ended_on
        ).where(ENROLMENTS.c.session_id == session["session_id"], ENROLMENTS.c.holder == holder)
    )
    digest = digest_of(digest_line(**row) for row in rows.mappings())
    return SessionDigest(reference=reference, count=digest.count, sha256=digest.sha256)


async def enrolment_as_held(
    connection: AsyncConnection, *, holder: str, reference: str, today: date
) -> EnrolmentView:
    """One enrolment. Raises NotFound."""
    found = await connection.execute(_enrolments(holder).where(ENROLMENTS.c.reference == reference))
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return _enrolment_view(row, today=today)


@dataclass(frozen=True, slots=True)
class EnrolmentsWanted:
    """Which enrolments to list."""

    session: str | None = None
    status: str | None = None


async def enrolments_of_holder(
    connection: AsyncConnection, *, holder: str, page: PageWanted, wanted: EnrolmentsWanted, today: date
) -> EnrolmentPage:
    """The holder's enrolments by reference, of one session and with one status if given."""
    asked = _wanted(holder, wanted=wanted)
    rows, following = await _page(connection, asked, key=ENROLMENTS.c.reference, page=page)
    return EnrolmentPage(items=[_enrolment_view(row, today=today) for row in rows], next=following)


def enrolments_listed(*, holder: str, wanted: EnrolmentsWanted, today: date) -> Listing:
    """All of them, in the same order."""
    asked = _wanted(holder, wanted=wanted).order_by(ENROLMENTS.c.reference)
    return Listing(asked, EnrolmentView, partial(_enrolment_view, today=today))


def _wanted(holder: str, *, wanted: EnrolmentsWanted) -> Select[Any]:
    asked = _enrolments(holder)
    if wanted.session is not None:
        asked = asked.where(SESSIONS.c.reference == wanted.session)
    if wanted.status is not None:
        asked = asked.where(ENROLMENTS.c.status == wanted.status)
    return asked


async def certification_as_held(
    connection: AsyncConnection, *, holder: str, enrolment: str, reference: str
) -> CertificationView:
    """One result of an enrolment. Raises NotFound."""
    found = await connection.execute(
        select(CERTIFICATIONS)
        .join(ENROLMENTS, ENROLMENTS.c.enrolment_id == CERTIFICATIONS.c.enrolment_id)
        .where(
            ENROLMENTS.c.holder == holder,
            ENROLMENTS.c.reference == enrolment,
            CERTIFICATIONS.c.reference == reference,
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return CertificationView(**row)


def _enrolments(holder: str) -> Select[Any]:
    return (
        select(
            ENROLMENTS,
            SESSIONS.c.reference.label("session"),
            SESSIONS.c.training,
            LEARNERS.c.reference.label("learner"),
        )
        .join(SESSIONS, SESSIONS.c.session_id == ENROLMENTS.c.session_id)
        .join(LEARNERS, LEARNERS.c.learner_id == ENROLMENTS.c.learner_id)
        .where(ENROLMENTS.c.holder == holder)
    )


def _enrolment_view(row: RowMapping, *, today: date) -> EnrolmentView:
    standing = standing_of(status=row["status"], planned_end_on=row["planned_end_on"], on=today)
    return EnrolmentView(**row, standing=standing)


async def _session(connection: AsyncConnection, *, holder: str, reference: str) -> RowMapping:
    found = await connection.execute(
        select(SESSIONS).where(SESSIONS.c.holder == holder, SESSIONS.c.reference == reference)
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return row


async def _page(
    connection: AsyncConnection, asked: Select[Any], *, key: ColumnElement[str], page: PageWanted
) -> tuple[Sequence[RowMapping], str | None]:
    """One row more than wanted tells whether another page follows."""
    if page.after is not None:
        asked = asked.where(key > page.after)
    rows = (await connection.execute(asked.order_by(key).limit(page.limit + 1))).mappings().all()
    kept = rows[: page.limit]
    return kept, kept[-1]["reference"] if len(rows) > page.limit else None
