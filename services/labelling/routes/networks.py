"""Doors to networks, bridges and targets."""

from uuid import UUID

from services.labelling.queries import networks as queries
from services.labelling.queries import targets as target_queries
from services.labelling.routes.callers import Office
from services.labelling.routes.paging import On
from services.labelling.schemas.networks import (
    BridgeBody,
    BridgeView,
    NetworkBody,
    NetworkView,
    ReachableListView,
    TargetBody,
    TargetView,
)
from services.labelling.schemas.words import Page
from services.labelling.use_cases import networks as use_cases
from services.labelling.use_cases import targets as target_use_cases
from shared.platform.edge.dependencies import Reader, Today, Tx
from shared.platform.edge.fields import Reference
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["networks"])


@router.put("/networks/{reference}", operation_id="declare_network", summary="Declare or change a network")
async def declare_network(reference: Reference, body: NetworkBody, tx: Tx, _: Office) -> NetworkView:
    """With all its members: whoever is left out is no member any more."""
    await use_cases.declare_network(tx, network=body.to_domain(reference))
    return await queries.network(tx.connection, reference)


@router.get("/networks/{reference}", operation_id="read_network", summary="A network with its members")
async def read_network(reference: Reference, reader: Reader) -> NetworkView:
    """Public."""
    return await queries.network(reader, reference)


@router.put("/bridges/{reference}", operation_id="declare_bridge", summary="Declare or change a bridge")
async def declare_bridge(reference: Reference, body: BridgeBody, tx: Tx, _: Office) -> BridgeView:
    """Between two labelled trainings; conditions and period can change, the rest is fixed."""
    await use_cases.declare_bridge(tx, bridge=body.to_domain(reference))
    return await queries.bridge(tx.connection, reference)


@router.get("/bridges/{reference}", operation_id="read_bridge", summary="A bridge")
async def read_bridge(reference: Reference, reader: Reader) -> BridgeView:
    """Public."""
    return await queries.bridge(reader, reference)


@router.get(
    "/trainings/{training_id}/reachable",
    operation_id="list_reachable_trainings",
    summary="Where bridges lead from a training",
)
async def list_reachable_trainings(
    training_id: UUID, reader: Reader, today: Today, on: On = None
) -> ReachableListView:
    """Public: every training that bridges open at the date lead to, each with its shortest way."""
    return await queries.reachable(reader, training_id, on=on or today)


@router.put(
    "/targets/{reference}", operation_id="set_target", summary="Set or change a target", tags=["targets"]
)
async def set_target(reference: Reference, body: TargetBody, tx: Tx, _: Office) -> TargetView:
    """A figure that the scheme is to reach by a date."""
    await target_use_cases.set_target(tx, target=body.to_domain(reference))
    return await target_queries.target(tx.connection, reference)


@router.get("/targets", operation_id="list_targets", summary="Targets", tags=["targets"])
async def list_targets(reader: Reader, page: Paged) -> Page[TargetView]:
    """Public, in the order of their references."""
    return page.sealed(await target_queries.targets(reader, limit=page.limit, after=page.after))
