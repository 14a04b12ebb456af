"""Networks, bridges, and where bridges lead."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.queries.labels import status_at
from services.labelling.schemas.networks import (
    BridgeView,
    MemberView,
    NetworkView,
    ReachableListView,
    ReachableView,
)
from services.labelling.tables import BRIDGE, LABEL, NETWORK, NETWORK_MEMBER, TRAINING
from shared.kernel.errors import UNKNOWN, NotFound

# Each row is a bridge taken as the n-th of a way. UNION drops repeated rows and a way has MOST_BRIDGES at most, so
# rings end, and a dense net costs bridges times length instead of one row per possible way.
MOST_BRIDGES = 12
_REACHABLE = text("""
WITH RECURSIVE open_bridge AS (
    SELECT from_training, to_training FROM bridge
    WHERE open_from <= :day AND (open_until IS NULL OR :day <= open_until)
), step AS (
    SELECT from_training AS via, to_training AS training_id, 1 AS bridges
    FROM open_bridge WHERE from_training = :origin
    UNION
    SELECT b.from_training, b.to_training, s.bridges + 1
    FROM step s JOIN open_bridge b ON b.from_training = s.training_id
    WHERE s.bridges < :most AND b.to_training <> :origin
)
SELECT DISTINCT ON (training_id) training_id, via, bridges FROM step ORDER BY training_id, bridges, via
""").bindparams(bindparam("origin", type_=Uuid), bindparam("day", type_=Date))


async def network(reader: AsyncConnection, reference: str) -> NetworkView:
    """A network with its members. Raises NotFound."""
    row = (await reader.execute(select(NETWORK).where(NETWORK.c.reference == reference))).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    members = await reader.execute(
        select(NETWORK_MEMBER, TRAINING.c.siren.label("holder"), TRAINING.c.reference.label("application"))
        .join(TRAINING, TRAINING.c.training_id == NETWORK_MEMBER.c.training_id)
        .where(NETWORK_MEMBER.c.network == reference)
        .order_by(TRAINING.c.siren, TRAINING.c.reference, NETWORK_MEMBER.c.since)
    )
    return NetworkView(
        reference=row.reference,
        network_id=row.network_id,
        name=row.name,
        members=[MemberView.model_validate(dict(member)) for member in members.mappings()],
        version=row.version,
    )


async def bridge(reader: AsyncConnection, reference: str) -> BridgeView:
    """A bridge. Raises NotFound."""
    found = await reader.execute(select(BRIDGE).where(BRIDGE.c.reference == reference))
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return BridgeView.model_validate(dict(row))


async def reachable(reader: AsyncConnection, training_id: UUID, *, on: date) -> ReachableListView:
    """Trainings that open bridges lead to, each by its shortest way, nearest first. Raises NotFound."""
    known = await reader.execute(select(TRAINING.c.training_id).where(TRAINING.c.training_id == training_id))
    if known.one_or_none() is None:
        raise NotFound(UNKNOWN)
    steps = await reader.execute(_REACHABLE, {"origin": training_id, "day": on, "most": MOST_BRIDGES})
    via = {row.training_id: row.via for row in steps}
    trainings = await reader.execute(
        select(TRAINING, status_at(on).label("status"))
        .join(LABEL, LABEL.c.training_id == TRAINING.c.training_id)
        .where(TRAINING.c.training_id.in_(list(via)))
    )
    items = [_reachable_view(row, path=_path(row.training_id, via, origin=training_id)) for row in trainings]
    items.sort(key=lambda item: (item.bridges, item.training_id))
    return ReachableListView(training_id=training_id, on=on, items=items)


def _path(training_id: UUID, via: Mapping[UUID, UUID], *, origin: UUID) -> list[UUID]:
    """Back from a training to the origin: the step before a shortest way is on a shortest way itself."""
    path = [training_id]
    while path[-1] != origin:
        path.append(via[path[-1]])
    return path[::-1]


def _reachable_view(row: Row[Any], *, path: list[UUID]) -> ReachableView:
    return ReachableView(
        training_id=row.training_id,
        holder=row.siren,
        reference=row.reference,
        title=row.content["title"],
        region=row.region,
        status=row.status,
        bridges=len(path) - 1,
        path=path,
    )
