"""Declaring networks and bridges."""

from dataclasses import replace

from services.labelling.domain.networks import Bridge, Network, check_bridge, check_members, redeclare_bridge
from services.labelling.repository.labels import known_trainings
from services.labelling.repository.networks import hold_bridge, hold_network, save_bridge, save_network
from services.labelling.use_cases.facts import bridge_stated, network_changed
from shared.platform.database import Transaction


async def declare_network(tx: Transaction, *, network: Network) -> None:
    """Declare a network with all its members, or change it. Raises Invalid."""
    known = await known_trainings(tx, {member.training_id for member in network.members})
    check_members(network.members, known=known)
    members = tuple(sorted(network.members, key=lambda member: (member.training_id, member.since)))
    held = await hold_network(tx, network.reference)
    version = held.version if held else 0
    declared = replace(network, members=members, version=version)
    if declared == held:
        return
    declared = replace(declared, version=version + 1)
    await save_network(tx, declared)
    tx.speak(network_changed(declared))


async def declare_bridge(tx: Transaction, *, bridge: Bridge) -> None:
    """Declare a bridge, or change its conditions or period. Raises Invalid, Conflict."""
    check_bridge(bridge, known=await known_trainings(tx, {bridge.from_training, bridge.to_training}))
    held = await hold_bridge(tx, bridge.reference)
    declared = redeclare_bridge(held, bridge) if held else bridge
    if declared is held:
        return
    await save_bridge(tx, declared)
    got_its_end = held is not None and declared.open_until not in {None, held.open_until}
    tx.speak(bridge_stated(declared, closed=got_its_end))
