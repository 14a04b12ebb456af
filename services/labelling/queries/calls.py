"""Which calls there are, and the criteria they apply."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.domain.criteria import Criterion
from services.labelling.queries.pages import read_page
from services.labelling.repository.criteria_sets import CRITERIA_SETS
from services.labelling.schemas.calls import CallView, CriteriaSetView, CriterionView
from services.labelling.schemas.words import Page, Words
from services.labelling.tables import CALL
from shared.kernel.errors import UNKNOWN, NotFound


async def call(reader: AsyncConnection, reference: str) -> CallView:
    """A call. Raises NotFound."""
    row = (await reader.execute(select(CALL).where(CALL.c.reference == reference))).mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return CallView.model_validate(dict(row))


async def calls(reader: AsyncConnection, *, limit: int, after: str | None) -> Page[CallView]:
    """Calls in the order of their references."""
    question = select(CALL).order_by(CALL.c.reference)
    if after:
        question = question.where(CALL.c.reference > after)
    rows, following = await read_page(reader, question, limit=limit, key="reference")
    return Page(items=[CallView.model_validate(row._asdict()) for row in rows], next=following)


def criteria_set(name: str) -> CriteriaSetView:
    """A version of the criteria. Raises NotFound."""
    found = CRITERIA_SETS.get(name)
    if found is None:
        raise NotFound(UNKNOWN)
    return CriteriaSetView(
        id=found.id,
        title=Words(fr=found.title_fr, en=found.title_en),
        criteria=[_criterion_view(criterion) for criterion in found.criteria],
    )


def _criterion_view(criterion: Criterion) -> CriterionView:
    threshold = criterion.threshold
    return CriterionView(
        id=criterion.id,
        kind=criterion.kind,
        text=Words(fr=criterion.text_fr, en=criterion.text_en),
        fact=criterion.fact,
        operator=criterion.operator,
        threshold=list(threshold) if isinstance(threshold, tuple) else threshold,
        source=criterion.source,
    )
