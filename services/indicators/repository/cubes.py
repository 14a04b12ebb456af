"""The cubes: adding what a change contributes, replacing them from the facts, comparing them with the facts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Select, Table, Uuid, any_, delete, func, or_, select, text, union_all
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from services.indicators.domain.measures import MEASURES
from services.indicators.repository.contributions import CELL_KEYS, HEAD_KEYS, contributions, heads
from services.indicators.repository.facts import kept, state
from services.indicators.tables import cube, enrolment_fact, enrolment_history, head_cube
from shared.platform.database import Transaction

COUNTS = MEASURES
HEADS = ("heads",)


def recounted(changed: CTE, *, moves_heads: bool) -> Insert:
    """The one statement that keeps history and cubes in step with facts that changed.

    Facts are locked first, in the order of their keys, then cells in the order of theirs, those of the nation
    last because everybody wants them. Every writer keeps that order, so none waits for another in a ring.
    """
    old, new = (state(changed, enrolment_fact, which=which) for which in ("old", "new"))
    statement = added(cube, contributions(new, less=old), keys=CELL_KEYS, counts=COUNTS)
    statement = statement.add_cte(kept(changed, enrolment_fact, history=enrolment_history))
    if not moves_heads:
        return statement
    return statement.add_cte(_moved_heads(changed).cte("moved_heads"))


def remembered(changed: CTE) -> Select[Any]:
    """The history alone of facts that changed, for whoever counts everything afterwards."""
    history = kept(changed, enrolment_fact, history=enrolment_history)
    return select(func.count()).select_from(changed).add_cte(history)


def _moved_heads(changed: CTE) -> Insert:
    """Heads of the learners touched: all their enrolments before and after, since spans of one learner merge.

    A statement sees the table as it was when it began: what is read from it here is the state before.
    """
    touched = select(changed.c.new_learner_id).union(select(changed.c.old_learner_id)).scalar_subquery()
    # As one array: a join would be planned once for the table as it then was, and read all of it ever after.
    learners = func.array(touched, type_=ARRAY(Uuid))
    before = select(enrolment_fact).where(enrolment_fact.c.learner_id == any_(learners)).cte("before")
    unchanged = select(before).where(before.c.enrolment_id.not_in(select(changed.c.new_enrolment_id)))
    after = union_all(unchanged, select(state(changed, enrolment_fact, which="new"))).subquery("after")
    return added(head_cube, heads(after, less=before), keys=HEAD_KEYS, counts=HEADS)


def added(table: Table, cells: Select[Any], *, keys: Sequence[str], counts: Sequence[str]) -> Insert:
    """Add cells to a cube, in the order of their keys."""
    found = cells.subquery("cells")
    order = [found.c.level.desc(), *(found.c[key] for key in keys[1:])]
    names = [*keys, *counts]
    statement = insert(table).from_select(names, select(*(found.c[name] for name in names)).order_by(*order))
    return statement.on_conflict_do_update(
        index_elements=list(keys),
        set_={count: table.c[count] + statement.excluded[count] for count in counts},
    )


async def rebuild(tx: Transaction) -> None:
    """Replace both cubes by what the facts contribute; readers go on with the old ones until the commit."""
    await tx.execute(text("SET LOCAL statement_timeout = 0"))
    await tx.execute(text("SET LOCAL lock_timeout = '60s'"))
    # Whoever changes a fact changes the cubes in the same transaction: holding the facts holds the cubes.
    await tx.execute(text("LOCK TABLE enrolment_fact IN SHARE MODE"))
    for table in (cube, head_cube):
        await tx.execute(delete(table))
    await tx.execute(insert(cube).from_select([*CELL_KEYS, *COUNTS], contributions(enrolment_fact)))
    await tx.execute(insert(head_cube).from_select([*HEAD_KEYS, *HEADS], heads(enrolment_fact)))


def drift() -> dict[str, Select[Any]]:
    """Per cube, the keys of the cells that are not the sum of the contributions."""
    return {
        "cube": _drift(cube, contributions(enrolment_fact), keys=CELL_KEYS, counts=COUNTS),
        "head_cube": _drift(head_cube, heads(enrolment_fact), keys=HEAD_KEYS, counts=HEADS),
    }


def _drift(table: Table, cells: Select[Any], *, keys: Sequence[str], counts: Sequence[str]) -> Select[Any]:
    owed = cells.subquery("owed")
    both = union_all(
        select(*(table.c[name] for name in (*keys, *counts))),
        select(*(owed.c[key] for key in keys), *((-owed.c[count]).label(count) for count in counts)),
    ).subquery("both")
    columns = [both.c[key] for key in keys]
    return (
        select(*columns).group_by(*columns).having(or_(*(func.sum(both.c[count]) != 0 for count in counts)))
    )
