"""Enrolments: rows without an identity."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, select, update

from services.enrolment.domain.enrolments import Enrolment
from services.enrolment.domain.profiles import Profile
from services.enrolment.repository.sets import add_rows, among, update_rows
from services.enrolment.tables import ENROLMENTS
from shared.platform.database import Transaction
from shared.platform.rows import unnested

_OF_AN_END = (
    "enrolment_id",
    "status",
    "ended_on",
    "end_reason",
    "continues_in",
    "hours_attended_inperson",
    "hours_attended_online",
    "version",
)


async def enrolments_by_reference(
    tx: Transaction, holder: str, *, references: Collection[str]
) -> dict[str, Enrolment]:
    """The holder's enrolments among these references, locked in the order of the references."""
    return await _locked(tx, ENROLMENTS.c.holder == holder, among(ENROLMENTS.c.reference, references))


async def enrolments_of_learners(tx: Transaction, learners: Collection[UUID]) -> dict[str, Enrolment]:
    """Every enrolment of these learners of one holder, locked in the order of the references."""
    return await _locked(tx, among(ENROLMENTS.c.learner_id, learners)) if learners else {}


async def _locked(tx: Transaction, *conditions: ColumnElement[bool]) -> dict[str, Enrolment]:
    rows = await tx.execute(
        select(ENROLMENTS).where(*conditions).order_by(ENROLMENTS.c.reference).with_for_update()
    )
    return {row["reference"]: _enrolment_of(row) for row in rows.mappings()}


async def add_enrolments(tx: Transaction, enrolments: Sequence[Enrolment]) -> None:
    """Insert new enrolments. Raises Unavailable when a concurrent call has just made one of them."""
    await add_rows(tx, ENROLMENTS, rows=[_row_of(enrolment) for enrolment in enrolments])


async def update_enrolments(tx: Transaction, enrolments: Sequence[Enrolment]) -> None:
    """Replace held enrolments."""
    await update_rows(tx, ENROLMENTS, rows=[_row_of(enrolment) for enrolment in enrolments])


async def update_ends(tx: Transaction, enrolments: Sequence[Enrolment]) -> None:
    """Replace the ends of held enrolments, and nothing else of them."""
    rows = [{name: vars(enrolment)[name] for name in _OF_AN_END} for enrolment in enrolments]
    await update_rows(tx, ENROLMENTS, rows=rows)


@dataclass(frozen=True, slots=True)
class EntryGroup:
    """Enrolments of a session that entered on one day and have one coverage: they are judged alike."""

    session_id: UUID
    entered_on: date
    coverage: str
    learners: int = 0


async def entry_groups(tx: Transaction, sessions: Collection[UUID]) -> list[EntryGroup]:
    """The enrolments of these sessions, counted by what coverage depends on."""
    if not sessions:
        return []
    alike = (ENROLMENTS.c.session_id, ENROLMENTS.c.entered_on, ENROLMENTS.c.coverage)
    rows = await tx.execute(
        select(*alike, func.count().label("learners"))
        .where(among(ENROLMENTS.c.session_id, sessions))
        .group_by(*alike)
        .order_by(*alike)
    )
    return [EntryGroup(**row) for row in rows.mappings()]


async def change_coverage(tx: Transaction, groups: Sequence[EntryGroup], *, limit: int) -> list[Enrolment]:
    """Give each group's coverage to those of its enrolments that have another one, `limit` at most; gives them."""
    if not groups or limit <= 0:
        return []
    names = ("session_id", "entered_on", "coverage")
    given = unnested(
        {name: ENROLMENTS.c[name].type for name in names},
        [{name: getattr(group, name) for name in names} for group in groups],
    )
    chosen = (
        select(ENROLMENTS.c.enrolment_id, given.c.coverage)
        .join(
            given,
            (ENROLMENTS.c.session_id == given.c.session_id)
            & (ENROLMENTS.c.entered_on == given.c.entered_on)
            & (ENROLMENTS.c.coverage != given.c.coverage),
        )
        .order_by(ENROLMENTS.c.enrolment_id)
        .limit(limit)
        .cte("chosen")
    )
    rows = await tx.execute(
        update(ENROLMENTS)
        .values(coverage=chosen.c.coverage, version=ENROLMENTS.c.version + 1)
        .where(ENROLMENTS.c.enrolment_id == chosen.c.enrolment_id)
        .returning(*ENROLMENTS.c)
    )
    return [_enrolment_of(row) for row in rows.mappings()]


def _row_of(enrolment: Enrolment) -> dict[str, Any]:
    return vars(enrolment) | {"profile": vars(enrolment.profile)}


def _enrolment_of(row: RowMapping) -> Enrolment:
    values = dict(row)
    values["profile"] = Profile(**values["profile"])
    return Enrolment(**values)
