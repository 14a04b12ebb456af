"""How much is it: the figure that answers a question, and from which cells."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, FromClause, Select, Text, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.domain.counts import Reading, Sums, flags_of, measures_of
from services.indicators.domain.definitions import Clock
from services.indicators.domain.figures import Figure, figure_of
from services.indicators.domain.filters import Filters, Question
from services.indicators.domain.maturity import last_due_exit
from services.indicators.domain.measures import EVERYONE
from services.indicators.domain.periods import Period
from services.indicators.queries.labels import read_labels
from services.indicators.repository.contributions import (
    ENTRY,
    EXIT,
    HOLDER,
    NATION,
    REGION,
    TRAINING,
    WHOLE_COUNTRY,
    contributions,
    heads,
)
from services.indicators.repository.facts import known
from services.indicators.tables import cube, enrolment_fact, enrolment_history, head_cube, training_fact
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.database import Transaction
from shared.platform.exchange.freshness import positions_heard, require_heard


@dataclass(frozen=True)
class Answer:
    """A figure, its question, and how far the other services had been heard when it was read."""

    question: Question
    figure: Figure
    heard: Mapping[str, Mapping[int, int]]


async def exact_answer(tx: Transaction, question: Question, *, at_least: str | None) -> Answer:
    """The exact figure that answers a question, read in the transaction that journals the reading, a snapshot.

    One connection for both: were the journal written on a second one, as many readers as there are connections
    would each hold the first and wait for ever for the other. Raises NotFound on a training that is not there
    for the asker, Unavailable while `at_least` was not heard.
    """
    connection = tx.connection
    if at_least:
        await require_heard(connection, at_least, service="indicators")
    training, holder = question.filters.training, question.filters.holder
    if training is not None:
        await _must_be_known(connection, training, holder=holder)
    heard = await positions_heard(connection, service="indicators")
    return Answer(question, await read_figure(connection, question), heard)


async def read_figure(connection: AsyncConnection, question: Question) -> Figure:
    """The figure that answers a question, from the cubes or, for an instant of the past, from the facts known then."""
    return figure_of(question, await _read(connection, question))


async def _must_be_known(connection: AsyncConnection, training: UUID, *, holder: str | None) -> None:
    """Refuse a training nobody declared and, to a holder, somebody else's alike. Raises NotFound."""
    declared = select(training_fact.c.holder).where(training_fact.c.training_id == training)
    entered = select(enrolment_fact.c.holder).where(enrolment_fact.c.training_id == training).limit(1)
    holders = (await connection.execute(declared.union_all(entered))).scalars().all()
    if not holders or (holder is not None and holder != holders[0]):
        raise NotFound(UNKNOWN)


async def _read(connection: AsyncConnection, question: Question) -> Reading:
    if question.definition.clock is Clock.LABEL_STOCK:
        sums: Sums = {EVERYONE: await read_labels(connection, question)}
        return Reading(all_days=sums, due_days=sums)
    if any(term.count == "heads" for term in question.definition.terms):
        sums = {EVERYONE: {"heads": await _read_heads(connection, question)}}
        return Reading(all_days=sums, due_days=sums)
    return await _read_cells(connection, question)


async def _read_cells(connection: AsyncConnection, question: Question) -> Reading:
    """Sums of the cells in question, by flag, over all days and over those that are due."""
    measures = tuple(sorted(measures_of(question)))
    own = question.filters.holder is not None and question.filters.training is None
    if question.known_at is None:
        statement = _sums_of_cube(measures, own)
    else:
        statement = _sums(contributions(_facts(question)).subquery("cells"), measures, own=own)
    rows = (await connection.execute(statement, _values(question, measures))).mappings().all()
    return Reading(
        all_days=_by_flag(rows, measures),
        due_days=_by_flag([row for row in rows if row["due"]], measures),
    )


@cache
def _sums_of_cube(measures: tuple[str, ...], own: bool) -> Select[Any]:  # noqa: FBT001 - a key of the cache
    """Built once: putting such a statement together costs more than running it."""
    return _sums(cube, measures, own=own)


def _sums(cells: FromClause, measures: Sequence[str], *, own: bool) -> Select[Any]:
    """Sums by flag and by whether the day is due, in one place or in all of a holder's own trainings."""
    place: ColumnElement[bool] = cells.c.place == bindparam("place", type_=Text)
    if own:
        region = bindparam("region", type_=Text)
        trainings = select(cast(training_fact.c.training_id, Text)).where(
            training_fact.c.holder == bindparam("holder", type_=Text),
            region.is_(None) | (training_fact.c.region == region),
        )
        place = cells.c.place.in_(trainings)
    due = (cells.c.day <= bindparam("due", type_=Date)).label("due")
    return (
        select(cells.c.flag, due, *(func.sum(cells.c[measure]).label(measure) for measure in measures))
        .where(
            cells.c.level == bindparam("level", type_=Text),
            place,
            cells.c.flag == any_(bindparam("flags", type_=ARRAY(Text))),
            cells.c.clock == any_(bindparam("clocks", type_=ARRAY(Text))),
            cells.c.day.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
        )
        .group_by(cells.c.flag, due)
    )


def _values(question: Question, measures: Sequence[str]) -> dict[str, Any]:
    """What a question binds in the statement above."""
    definition, filters = question.definition, question.filters
    days = (question.period or Period(date.min, question.as_of)).until(question.as_of)
    due = question.as_of if definition.wave is None else last_due_exit(question.as_of, wave=definition.wave)
    values: dict[str, Any] = {
        "flags": sorted(flags_of(question)),
        "clocks": sorted({ENTRY if measure == "entered" else EXIT for measure in measures}),
        "first": days.first,
        "last": days.last,
        "due": due,
    }
    if filters.holder is not None and filters.training is None:
        return values | {"level": TRAINING, "holder": filters.holder, "region": filters.region}
    level, place = _place(filters)
    return values | {"level": level, "place": place}


async def _read_heads(connection: AsyncConnection, question: Question) -> int:
    """Learners are not additive over trainings: a holder has cells of its own, and one in a region is counted anew."""
    filters = question.filters
    cells: FromClause = head_cube
    level, place = _place(filters)
    if question.known_at is not None or (filters.holder and filters.region):
        cells = heads(_facts(question)).subquery("cells")
    statement = select(func.coalesce(func.sum(cells.c.heads), 0)).where(
        cells.c.level == level, cells.c.place == place, cells.c.day <= question.as_of
    )
    return int((await connection.execute(statement)).scalar_one())


def _place(filters: Filters) -> tuple[str, str]:
    """The one place that holds the answer; a holder's is one of heads, its other cells are those of its trainings."""
    if filters.training is not None:
        return TRAINING, str(filters.training)
    if filters.region is not None:
        return REGION, filters.region
    return (NATION, WHOLE_COUNTRY) if filters.holder is None else (HOLDER, filters.holder)


def _facts(question: Question) -> FromClause:
    """The enrolments in question, as they were known."""
    facts = known(enrolment_fact, history=enrolment_history, at=question.known_at)
    wanted: list[ColumnElement[bool]] = []
    for column, value in (
        (facts.c.holder, question.filters.holder),
        (facts.c.training_id, question.filters.training),
        (facts.c.site_region, question.filters.region),
    ):
        if value is not None:
            wanted.append(column == value)
    return select(facts).where(*wanted).subquery("facts")


def _by_flag(rows: Any, measures: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(measures, 0))
    for row in rows:
        for measure in measures:
            sums[row["flag"]][measure] += row[measure]
    return sums
