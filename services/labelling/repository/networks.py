"""Networks with their members, and bridges."""

from sqlalchemy import delete, select

from services.labelling.domain.networks import Bridge, BridgeKind, Member, Network
from services.labelling.repository.locks import lock
from services.labelling.tables import BRIDGE, NETWORK, NETWORK_MEMBER
from shared.platform.database import Transaction
from shared.platform.rows import insert_rows, upsert_rows


async def hold_network(tx: Transaction, reference: str) -> Network | None:
    """A network, held against other writers of it."""
    await lock(tx, "network", key=reference)
    row = (await tx.execute(select(NETWORK).where(NETWORK.c.reference == reference))).one_or_none()
    if row is None:
        return None
    members = await tx.execute(
        select(NETWORK_MEMBER)
        .where(NETWORK_MEMBER.c.network == reference)
        .order_by(NETWORK_MEMBER.c.training_id, NETWORK_MEMBER.c.since)
    )
    return Network(
        reference=row.reference,
        network_id=row.network_id,
        name=row.name,
        members=tuple(Member(held.training_id, held.since, held.until) for held in members),
        version=row.version,
    )


async def save_network(tx: Transaction, network: Network) -> None:
    """Write a network with exactly these members."""
    row = {
        "reference": network.reference,
        "network_id": network.network_id,
        "name": network.name,
        "version": network.version,
    }
    await tx.execute(upsert_rows(NETWORK, [row], key=["reference"]))
    await tx.execute(delete(NETWORK_MEMBER).where(NETWORK_MEMBER.c.network == network.reference))
    if network.members:
        members = [{**vars(member), "network": network.reference} for member in network.members]
        await tx.execute(insert_rows(NETWORK_MEMBER, members))


async def hold_bridge(tx: Transaction, reference: str) -> Bridge | None:
    """A bridge, held against other writers of it."""
    await lock(tx, "bridge", key=reference)
    found = await tx.execute(select(BRIDGE).where(BRIDGE.c.reference == reference))
    row = found.mappings().one_or_none()
    return None if row is None else Bridge(**{**row, "kind": BridgeKind(row["kind"])})


async def save_bridge(tx: Transaction, bridge: Bridge) -> None:
    """Write a bridge."""
    row = {**vars(bridge), "kind": bridge.kind.value}
    await tx.execute(upsert_rows(BRIDGE, [row], key=["reference"]))
