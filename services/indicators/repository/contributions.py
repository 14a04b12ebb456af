"""What one enrolment adds to the cubes: the single expression behind intake, rebuild, audit and the past.

Cells are by day. An exit on day d is due in wave k when its anniversary and thirty days have passed, and anniversaries
never go back when d goes forward: the exits that are due are exactly those up to one day, which a reader computes and
compares with the day of the cell. Cells by month would hold exits that are due beside exits that are not.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import array

from services.indicators.domain.measures import (
    AUDIENCES,
    ENDS,
    EVERYONE,
    EXIT_KINDS,
    JOB_CLASSES,
    MEASURES,
    SITUATIONS,
    WAVES,
    job_measure,
    situation_measure,
)

NATION, REGION, TRAINING, HOLDER = "nation", "region", "training", "holder"
WHOLE_COUNTRY = "FR"
ENTRY, EXIT = "entry", "exit"

CELL_KEYS = ("level", "place", "flag", "clock", "day")
HEAD_KEYS = ("level", "place", "day")

_GIVEN_UP_AFTER = 180
"""Days after the planned end at which an end that nobody declared is taken as one (Rule 13)."""

_PROFILE = ("training_id", "site_region", *AUDIENCES)


def contributions(source: FromClause, *, less: FromClause | None = None) -> Select[tuple[object, ...]]:
    """Cells of the enrolments of `source`, minus those of `less`; cells that come to nothing are absent.

    `source` is any relation with the columns of an enrolment fact. Enrolments that are not covered, cancelled
    before entry or not yet heard from enrolment add nothing.
    """
    moments = _summed(_moments(source), minus=None if less is None else _moments(less))
    place, flag = _places(moments), _flags(moments)
    keys = [place.c.level, place.c.place, flag.c.flag, moments.c.clock, moments.c.day]
    sums = [cast(func.sum(moments.c[measure]), Integer).label(measure) for measure in MEASURES]
    return (
        select(*keys, *sums)
        .select_from(moments.join(place, literal(True)).join(flag, literal(True)))
        # Of three answers two are stored, the third is what they leave.
        .where(flag.c.answer != "no")
        .group_by(*keys)
        .having(or_(*(func.sum(moments.c[measure]) != 0 for measure in MEASURES)))
    )


def heads(source: FromClause, *, less: FromClause | None = None) -> Select[tuple[object, ...]]:
    """Day by day, how many learners begin or cease to be trained or in training, minus those of `less`.

    A learner counts once whatever the number of enrolments, from entry on, for ever once completed (Rule 15).
    """
    edges = _edges(source).subquery("edges")
    if less is not None:
        fewer = _edges(less).subquery("fewer")
        taken = select(*(fewer.c[key] for key in HEAD_KEYS), (-fewer.c.heads).label("heads"))
        edges = union_all(select(edges), taken).subquery("moved")
    keys = [edges.c[key] for key in HEAD_KEYS]
    total = cast(func.sum(edges.c.heads), Integer)
    return select(*keys, total.label("heads")).group_by(*keys).having(func.sum(edges.c.heads) != 0)


def exit_day(source: FromClause) -> ColumnElement[object]:
    """The declared end, or the day on which an end that nobody declared is given up (Rule 13)."""
    declared = case((source.c.status != "in_training", source.c.ended_on))
    return func.coalesce(declared, cast(source.c.planned_end_on + _GIVEN_UP_AFTER, Date))


def counted(source: FromClause) -> ColumnElement[bool]:
    """Which enrolments figures are about."""
    return and_(
        source.c.enrolment_version > 0, source.c.coverage == "covered", source.c.status != "cancelled"
    )


def _moments(source: FromClause) -> Select[tuple[object, ...]]:
    """Two rows per enrolment, its entry and its exit, each with the measures that count at that moment."""
    moment = _each(
        "moment",
        clock=(Text, [literal(ENTRY, Text), literal(EXIT, Text)]),
        day=(Date, [source.c.entered_on, exit_day(source)]),
    )
    measures = _measures(source, leaves=moment.c.clock == EXIT)
    return (
        select(
            moment.c.clock,
            moment.c.day,
            *(source.c[name] for name in _PROFILE),
            *(cast(measures[name].is_(True), Integer).label(name) for name in MEASURES),
        )
        .select_from(source.join(moment, literal(True)))
        .where(counted(source))
    )


def _measures(source: FromClause, *, leaves: ColumnElement[bool]) -> dict[str, ColumnElement[bool]]:
    ended = {end: and_(leaves, source.c.status == end) for end in ENDS}
    situations = {
        situation_measure(kind, letter=letter, wave=wave): and_(
            ended[kind], source.c[f"situation_{wave}"] == situation
        )
        for wave in WAVES
        for kind in EXIT_KINDS
        for letter, situation in SITUATIONS.items()
    }
    jobs = {
        job_measure(name, wave=wave): and_(
            situations[situation_measure("completed", letter="e", wave=wave)],
            source.c[f"job_class_{wave}"] == name,
        )
        for wave in WAVES
        for name in JOB_CLASSES
    }
    return {"entered": ~leaves, "exited": leaves, **ended, **situations, **jobs}


def _summed(plus: Select[tuple[object, ...]], *, minus: Select[tuple[object, ...]] | None) -> Subquery:
    """Moments of the same day and profile as one row, so that what did not change cancels out before it fans out."""
    rows = plus.subquery("plus")
    if minus is not None:
        taken = minus.subquery("minus")
        keys = [taken.c[name] for name in ("clock", "day", *_PROFILE)]
        negated = [(-taken.c[measure]).label(measure) for measure in MEASURES]
        rows = union_all(select(rows), select(*keys, *negated)).subquery("moved")
    keys = [rows.c[name] for name in ("clock", "day", *_PROFILE)]
    # Summed again below: as bigint that would be done in numeric, many times slower.
    sums = [cast(func.sum(rows.c[measure]), Integer).label(measure) for measure in MEASURES]
    some = or_(*(func.sum(rows.c[measure]) != 0 for measure in MEASURES))
    return select(*keys, *sums).group_by(*keys).having(some).subquery("moments")


def _places(source: FromClause, *, holder: bool = False) -> FromClause:
    """The places in which a row counts: everywhere, its region, its training and, for heads, its holder."""
    levels = [NATION, REGION, TRAINING, HOLDER] if holder else [NATION, REGION, TRAINING]
    places = [literal(WHOLE_COUNTRY, Text), source.c.site_region, cast(source.c.training_id, Text)]
    if holder:
        places.append(source.c.holder)
    return _each("place", level=(Text, [literal(level, Text) for level in levels]), place=(Text, places))


def _flags(source: FromClause) -> FromClause:
    """The audiences in which a row counts, and its answer for each."""
    flags = [literal(f"{audience}:", Text).concat(source.c[audience]) for audience in AUDIENCES]
    return _each(
        "audience",
        flag=(Text, [literal(EVERYONE, Text), *flags]),
        answer=(Text, [literal("yes", Text), *(source.c[audience] for audience in AUDIENCES)]),
    )


def _each(name: str, **columns: tuple[type[Text | Date | Integer], list[ColumnElement[Any]]]) -> FromClause:
    """A few rows beside each row of the relation that the columns mention: one array per column, unnested."""
    arrays = [array(values, type_=kind()) for kind, values in columns.values()]
    named = [column(key, kind) for key, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*named, name=name).render_derived().lateral()


def _edges(source: FromClause) -> Select[tuple[object, ...]]:
    """Where the days covered by each learner's enrolments begin and end, per place."""
    place = _places(source, holder=True)
    until = case((source.c.status != "completed", func.greatest(exit_day(source), source.c.entered_on)))
    spans = (
        select(
            place.c.level,
            place.c.place,
            func.range_agg(func.daterange(source.c.entered_on, until)).label("spans"),
        )
        .select_from(source.join(place, literal(True)))
        .where(counted(source))
        .group_by(source.c.learner_id, place.c.level, place.c.place)
        .subquery("spans")
    )
    each = select(spans.c.level, spans.c.place, func.unnest(spans.c.spans).label("span")).subquery("each")
    # A session's learners have one span between them: one row of it fans out, not one for each.
    same = (each.c.level, each.c.place, each.c.span)
    days = select(*same, cast(func.count(), Integer).label("learners")).group_by(*same).subquery("days")
    edge = _each(
        "edge",
        day=(Date, [func.lower(days.c.span, type_=Date), func.upper(days.c.span, type_=Date)]),
        heads=(Integer, [days.c.learners, -days.c.learners]),
    )
    return (
        select(days.c.level, days.c.place, edge.c.day, edge.c.heads)
        .select_from(days.join(edge, literal(True)))
        # Whoever completed stays for ever: such a span has no upper edge.
        .where(edge.c.day.is_not(None))
    )
