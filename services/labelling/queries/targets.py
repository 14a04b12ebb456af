"""Which figures the scheme is to reach."""

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.queries.pages import read_page
from services.labelling.schemas.networks import TargetView
from services.labelling.schemas.words import Page, Words
from services.labelling.tables import TARGET
from shared.kernel.errors import UNKNOWN, NotFound


async def target(reader: AsyncConnection, reference: str) -> TargetView:
    """A target. Raises NotFound."""
    row = (await reader.execute(select(TARGET).where(TARGET.c.reference == reference))).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return _view(row._mapping)  # noqa: SLF001 - the library's public name for a row as a mapping


async def targets(reader: AsyncConnection, *, limit: int, after: str | None) -> Page[TargetView]:
    """Targets in the order of their references."""
    question = select(TARGET).order_by(TARGET.c.reference)
    if after:
        question = question.where(TARGET.c.reference > after)
    rows, following = await read_page(reader, question, limit=limit, key="reference")
    return Page(items=[_view(row._mapping) for row in rows], next=following)  # noqa: SLF001 - as above


def _view(row: RowMapping) -> TargetView:
    return TargetView(**{**row, "label": Words(fr=row["label_fr"], en=row["label_en"])})
