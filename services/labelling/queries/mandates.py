"""Who acts for an organisation."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.queries.pages import read_page
from services.labelling.schemas.mandates import MandateView
from services.labelling.schemas.words import Page
from services.labelling.tables import MANDATE
from shared.kernel.errors import UNKNOWN, NotFound


async def mandate(reader: AsyncConnection, holder: str, *, reference: str) -> MandateView:
    """One of a holder's mandates. Raises NotFound."""
    found = await reader.execute(
        select(MANDATE).where(MANDATE.c.holder == holder, MANDATE.c.reference == reference)
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return MandateView(**row)


async def mandates(
    reader: AsyncConnection, holder: str, *, limit: int, after: str | None
) -> Page[MandateView]:
    """A holder's mandates in the order of their references, those that ended included."""
    question = select(MANDATE).where(MANDATE.c.holder == holder).order_by(MANDATE.c.reference)
    if after is not None:
        question = question.where(MANDATE.c.reference > after)
    rows, following = await read_page(reader, question, limit=limit, key="reference")
    return Page(items=[MandateView(**row._mapping) for row in rows], next=following)  # noqa: SLF001 - the library's public name for a row as a mapping
