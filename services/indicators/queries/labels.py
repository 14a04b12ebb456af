"""How many trainings bear a label at a date, and of what kind they are."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, FromClause, Integer, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.domain.filters import NO_SITE, NOT_DESCRIBED, Question
from services.indicators.repository.facts import known
from services.indicators.tables import label_fact, label_history, training_fact, training_history


async def read_labels(connection: AsyncConnection, question: Question) -> Mapping[str, int]:
    """Counts of labelled trainings at the question's date; a suspended label is still a label (Rule 2).

    A training whose facts were not heard yet is `undescribed`: labelled, and in no share.
    """
    trainings = known(training_fact, history=training_history, at=question.known_at)
    stock = _stock(question)
    described = and_(stock.c.labelled, trainings.c.training_id.is_not(None))
    counts = {
        "labelled": func.count().filter(stock.c.labelled),
        "labelled_ever": func.count(),
        "described": func.count().filter(described),
        "undescribed": func.count().filter(stock.c.labelled, trainings.c.training_id.is_(None)),
        **{name: func.count().filter(described, test) for name, test in _kinds(trainings).items()},
        **{
            name: func.coalesce(func.sum(trainings.c[name], type_=Integer).filter(described), 0)
            for name in ("months", "hours_inperson", "hours_online")
        },
    }
    statement = (
        select(*(count.label(name) for name, count in counts.items()))
        .select_from(stock.outerjoin(trainings, trainings.c.training_id == stock.c.training_id))
        .where(*_wanted(question, stock=stock, trainings=trainings))
    )
    row = (await connection.execute(statement)).mappings().one()
    return {name: int(row[name]) for name in counts}


def _stock(question: Question) -> FromClause:
    """One row per training that ever had a label by the date, and whether one is valid on it."""
    labels = known(label_fact, history=label_history, at=question.known_at)
    valid = and_(
        labels.c.valid_from <= question.as_of,
        labels.c.valid_until >= question.as_of,
        or_(labels.c.revoked_on.is_(None), labels.c.revoked_on > question.as_of),
    )
    granted = func.least(labels.c.decided_on, labels.c.valid_from) <= question.as_of
    wanted = [granted]
    if question.filters.holder is not None:
        wanted.append(labels.c.holder == question.filters.holder)
    return (
        select(labels.c.training_id, func.bool_or(valid).label("labelled"))
        .where(*wanted)
        .group_by(labels.c.training_id)
        .subquery("stock")
    )


def _kinds(trainings: FromClause) -> dict[str, ColumnElement[bool]]:
    kinds = ("titre_professionnel", "attestation", "diplome")
    return {
        **{kind: trainings.c.certification_kind == kind for kind in kinds},
        "free": trainings.c.free_of_charge,
        "support": func.jsonb_array_length(trainings.c.support) > 0,
        "followup": trainings.c.followup_six_months,
        "practice": trainings.c.approaches.contains(["practice"]),
    }


def _wanted(question: Question, *, stock: FromClause, trainings: FromClause) -> list[ColumnElement[bool]]:
    filters = question.filters
    wanted: list[ColumnElement[bool]] = []
    if filters.training is not None:
        wanted.append(stock.c.training_id == filters.training)
    if filters.region is not None:
        region = case(
            (trainings.c.training_id.is_(None), NOT_DESCRIBED),
            else_=func.coalesce(trainings.c.region, NO_SITE),
        )
        wanted.append(region == filters.region)
    return wanted
