"""The statements of the intake, built once: what a speaker says becomes facts, history and cells in one round trip."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    DateTime,
    Select,
    Subquery,
    Table,
    Uuid,
    bindparam,
    case,
    column,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from services.indicators.domain.filters import NO_SITE, NOT_DESCRIBED
from services.indicators.repository import cubes
from services.indicators.repository.facts import Row, altered, dated, kept, newest, replaced
from services.indicators.repository.given import given, given_rows
from services.indicators.tables import (
    enrolment_fact,
    label_fact,
    label_history,
    target_fact,
    training_fact,
    training_history,
)
from shared.platform.database import Transaction
from shared.platform.rows import upsert_rows

# Rooms of the advisory locks, apart from those of anything else in the database.
_PLACEMENT, _LEARNER = 0x7472706C, 0x74726C72

_LOCK_LEARNERS = text("""
SELECT pg_advisory_xact_lock_shared(:placement, 0), (
    SELECT count(pg_advisory_xact_lock(:room, number)) FROM (
        SELECT DISTINCT hashtext(CAST(learner_id AS text)) AS number FROM (
            SELECT unnest(CAST(:learners AS uuid[])) AS learner_id
            UNION ALL
            SELECT learner_id FROM enrolment_fact WHERE enrolment_id = ANY(CAST(:enrolments AS uuid[]))
        ) AS touched WHERE learner_id IS NOT NULL ORDER BY number
    ) AS numbers
)
""")
_LOCK_PLACEMENT = text("SELECT pg_advisory_xact_lock(:placement, 0)")


async def save_enrolments(tx: Transaction, rows: Sequence[Row], *, counted: bool) -> None:
    """Replace what enrolment said; the cubes follow if it is `counted`.

    Heads depend on all enrolments of a learner, which travel in several partitions: the learner is locked first.
    An enrolment's place depends on its training: placing and describing exclude each other.
    """
    latest = newest(rows, key="enrolment_id", version="enrolment_version")
    await tx.execute(
        _LOCK_LEARNERS,
        {
            "placement": _PLACEMENT,
            "room": _LEARNER,
            "learners": [row["learner_id"] for row in latest],
            "enrolments": [row["enrolment_id"] for row in latest],
        },
    )
    await tx.execute(_enrolments(tuple(latest[0]), counted=counted), given_rows(latest))


async def save_followups(tx: Transaction, rows: Sequence[Row], *, counted: bool) -> None:
    """Replace what followup said; before enrolment spoke, half a fact waits and counts nowhere."""
    latest = newest(rows, key="enrolment_id", version="followup_version")
    await tx.execute(_followups(tuple(latest[0]), counted=counted), given_rows(latest))


async def save_trainings(tx: Transaction, rows: Sequence[Row], *, counted: bool) -> None:
    """Replace what is known of trainings; where the site's region changed, their enrolments move with it."""
    await tx.execute(_LOCK_PLACEMENT, {"placement": _PLACEMENT})
    latest = newest(rows, key="training_id", version="training_version")
    moved = await tx.execute(_trainings(tuple(latest[0])), given_rows(latest))
    trainings = list(moved.scalars())
    if trainings:
        known_from = {row["training_id"]: row["known_from"] for row in latest}
        instants = [known_from[training] for training in trainings]
        await tx.execute(_placed_again(counted=counted), {"trainings": trainings, "instants": instants})


async def save_labels(tx: Transaction, rows: Sequence[Row]) -> None:
    """Replace what is known of labels."""
    latest = newest(rows, key="label_id", version="label_version")
    await tx.execute(_labels(tuple(latest[0])), given_rows(latest))


async def save_targets(tx: Transaction, rows: Sequence[Row]) -> None:
    """Replace targets."""
    latest = newest(rows, key="target_id", version="target_version")
    newer = target_fact.c.target_version < insert(target_fact).excluded.target_version
    await tx.execute(upsert_rows(target_fact, latest, key=["target_id"], only_if=newer))


@cache
def _enrolments(names: tuple[str, ...], *, counted: bool) -> Insert | Select[Any]:
    said = _said(enrolment_fact, names)
    rows = (
        select(*dated(said), _site_region().label("site_region"))
        .select_from(said.outerjoin(training_fact, training_fact.c.training_id == said.c.training_id))
        .order_by(said.c.enrolment_id)
    )
    changed = replaced(enrolment_fact, rows, version="enrolment_version")
    return cubes.recounted(changed, moves_heads=True) if counted else cubes.remembered(changed)


@cache
def _followups(names: tuple[str, ...], *, counted: bool) -> Insert | Select[Any]:
    said = _said(enrolment_fact, names)
    rows = select(*dated(said)).order_by(said.c.enrolment_id)
    changed = replaced(enrolment_fact, rows, version="followup_version")
    return cubes.recounted(changed, moves_heads=False) if counted else cubes.remembered(changed)


@cache
def _trainings(names: tuple[str, ...]) -> Select[Any]:
    """Gives the trainings whose enrolments now belong elsewhere."""
    said = _said(training_fact, names)
    rows = select(*dated(said)).order_by(said.c.training_id)
    changed = replaced(training_fact, rows, version="training_version")
    first_heard = changed.c.old_training_id.is_(None)
    moved = changed.c.old_region.is_distinct_from(changed.c.new_region)
    return (
        select(changed.c.new_training_id)
        .where(first_heard | moved)
        .add_cte(kept(changed, training_fact, history=training_history))
    )


@cache
def _placed_again(*, counted: bool) -> Insert | Select[Any]:
    arrays = [
        bindparam("trainings", type_=ARRAY(Uuid)),
        bindparam("instants", type_=ARRAY(DateTime(timezone=True))),
    ]
    moved = (
        func.unnest(*arrays)
        .table_valued(column("training_id", Uuid), column("known_from", DateTime(timezone=True)))
        .render_derived(name="moved")
    )
    locked = (
        select(enrolment_fact.c.enrolment_id, _site_region().label("region"), moved.c.known_from)
        .select_from(
            enrolment_fact.join(moved, moved.c.training_id == enrolment_fact.c.training_id).join(
                training_fact, training_fact.c.training_id == enrolment_fact.c.training_id
            )
        )
        .order_by(enrolment_fact.c.enrolment_id)
        .with_for_update(of=enrolment_fact)
        .subquery("locked")
    )
    statement = (
        update(enrolment_fact)
        .values(site_region=locked.c.region)
        .where(
            enrolment_fact.c.enrolment_id == locked.c.enrolment_id,
            enrolment_fact.c.site_region.is_distinct_from(locked.c.region),
        )
    )
    at = func.coalesce(locked.c.known_from, func.statement_timestamp())
    changed = altered(enrolment_fact, statement, at=at)
    return cubes.recounted(changed, moves_heads=True) if counted else cubes.remembered(changed)


@cache
def _labels(names: tuple[str, ...]) -> Select[Any]:
    said = _said(label_fact, names)
    rows = select(*dated(said)).order_by(said.c.label_id)
    changed = replaced(label_fact, rows, version="label_version")
    return select(func.count()).select_from(changed).add_cte(kept(changed, label_fact, history=label_history))


def _said(table: Table, names: tuple[str, ...]) -> Subquery:
    return given({name: table.c[name].type for name in names})


def _site_region() -> Any:
    """Where a training counts: its region, or one of the two places that are none (Rule 4)."""
    return case(
        (training_fact.c.training_version > 0, func.coalesce(training_fact.c.region, NO_SITE)),
        else_=NOT_DESCRIBED,
    )
