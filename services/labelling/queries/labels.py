"""What a label is at a date, in SQL, and the acts on it."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Date, case, column, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.domain.labels import Status
from services.labelling.schemas.application_views import ChangeView, LabelView
from services.labelling.tables import LABEL, LABEL_CHANGE
from shared.kernel.errors import UNKNOWN, NotFound


async def label(reader: AsyncConnection, label_id: UUID) -> LabelView:
    """A label with the acts on it. Raises NotFound."""
    found = await reader.execute(select(LABEL).where(LABEL.c.label_id == label_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    acts = await reader.execute(
        select(LABEL_CHANGE).where(LABEL_CHANGE.c.label_id == label_id).order_by(LABEL_CHANGE.c.place)
    )
    changes = [ChangeView.model_validate(dict(act)) for act in acts.mappings()]
    return LabelView(**{**row, "holder": row["siren"], "changes": changes})


def status_at(on: date) -> ColumnElement[str]:
    """`domain.labels.status_at` as SQL: the same cases in the same order, so that lists can filter by it."""
    day = literal(on, Date)
    held = (
        func.jsonb_to_recordset(LABEL.c.suspensions)
        .table_valued(column("since", Date), column("until", Date), name="suspension")
        .render_derived(with_types=True)
    )
    suspended = exists(
        select(1)
        .select_from(held)
        .where(held.c.since <= day, or_(held.c.until.is_(None), day <= held.c.until))
        .correlate(LABEL)
    )
    return case(
        (day < LABEL.c.valid_from, Status.NOT_YET_VALID.value),
        (LABEL.c.revoked_on <= day, Status.REVOKED.value),
        (day > LABEL.c.valid_until, Status.EXPIRED.value),
        (suspended, Status.SUSPENDED.value),
        else_=Status.ACTIVE.value,
    )
