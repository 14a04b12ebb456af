"""Reading identities: only for use cases, which journal it."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_

from services.enrolment.domain.labels import Coverage
from services.enrolment.tables import CERTIFICATIONS, ENROLMENTS, LEARNERS
from shared.platform.database import Transaction

_LEAVERS = ("completed", "abandoned", "interrupted")


async def learner_of(tx: Transaction, holder: str, *, reference: str) -> RowMapping | None:
    """The learner of an enrolment, as declared."""
    rows = await tx.execute(
        select(LEARNERS)
        .join(ENROLMENTS, ENROLMENTS.c.learner_id == LEARNERS.c.learner_id)
        .where(ENROLMENTS.c.holder == holder, ENROLMENTS.c.reference == reference)
    )
    return rows.mappings().one_or_none()


async def certifications_of(tx: Transaction, enrolment_id: UUID) -> list[RowMapping]:
    """The results of an enrolment."""
    rows = await tx.execute(
        select(CERTIFICATIONS)
        .where(CERTIFICATIONS.c.enrolment_id == enrolment_id)
        .order_by(CERTIFICATIONS.c.reference)
    )
    return list(rows.mappings())


async def leavers(
    tx: Transaction, *, since: date, before: date, after: tuple[date, UUID] | None, limit: int
) -> list[RowMapping]:
    """Persons to follow who left in a period, by day and enrolment; without those who opposed the search.

    An enrolment that no label covers is nobody's to follow: its people are left out as well.
    """
    place = tuple_(ENROLMENTS.c.ended_on, ENROLMENTS.c.enrolment_id)
    names: list[Any] = [
        LEARNERS.c.birth_name,
        LEARNERS.c.first_names,
        LEARNERS.c.birth_date,
        LEARNERS.c.birth_code_insee,
        LEARNERS.c.france_travail_number,
    ]
    asked = (
        select(
            ENROLMENTS.c.enrolment_id,
            ENROLMENTS.c.ended_on.label("exit_on"),
            ENROLMENTS.c.status.label("exit_kind"),
            *names,
        )
        .join(LEARNERS, LEARNERS.c.learner_id == ENROLMENTS.c.learner_id)
        .where(
            ENROLMENTS.c.status.in_(_LEAVERS),
            ENROLMENTS.c.ended_on >= since,
            ENROLMENTS.c.ended_on < before,
            ENROLMENTS.c.coverage == Coverage.COVERED,
            LEARNERS.c.search_opposed.is_(False),
        )
        .order_by(ENROLMENTS.c.ended_on, ENROLMENTS.c.enrolment_id)
        .limit(limit)
    )
    if after is not None:
        asked = asked.where(place > tuple_(*after))
    return list((await tx.execute(asked)).mappings())
