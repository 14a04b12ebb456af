"""Networks of trainings and the bridges from one training to another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from services.labelling.domain import refusals
from shared.kernel.errors import Conflict, Invalid, Violation
from shared.kernel.identifiers import stable_id
from shared.kernel.territories import departement_of, region_of

ZONING = "cog-2016"
"""The vintage of the départements and regions that the kernel knows."""


@dataclass(frozen=True)
class Member:
    """A training's membership, from the first to the last day."""

    training_id: UUID
    since: date
    until: date | None = None


@dataclass(frozen=True)
class Network:
    """A network of trainings, whoever holds them; it has no territory."""

    reference: str
    network_id: UUID
    name: str
    members: tuple[Member, ...] = ()
    version: int = 1


class BridgeKind(StrEnum):
    """What a bridge is for."""

    NEXT_LEVEL = "next_level"
    REORIENTATION = "reorientation"
    REMEDIAL = "remedial"
    REDIRECT_ON_REVOCATION = "redirect_on_revocation"


@dataclass(frozen=True)
class Bridge:
    """A way from a training to another within a territory, for a period."""

    reference: str
    bridge_id: UUID
    from_training: UUID
    to_training: UUID
    kind: BridgeKind
    departement: str
    conditions: str
    open_from: date
    open_until: date | None = None
    zoning: str = ZONING
    version: int = 1


def network_id_of(reference: str) -> UUID:
    """A network's id, from the office's reference."""
    return stable_id("network", reference)


def bridge_id_of(reference: str) -> UUID:
    """A bridge's id, from the office's reference."""
    return stable_id("bridge", reference)


def check_members(members: Sequence[Member], *, known: frozenset[UUID]) -> None:
    """Members are labelled trainings, whose periods in one network do not overlap.

    Source: architecture, membership is on the training, dated, independent of the holder. Raises Invalid.
    """
    violations: list[Violation] = []
    for index, member in enumerate(members):
        if member.training_id not in known:
            violations.append(Violation(refusals.TRAINING_UNKNOWN, f"/members/{index}"))
        if member.until and member.until < member.since:
            violations.append(
                Violation(refusals.PERIOD_REVERSED, f"/members/{index}/until", f">= {member.since}")
            )
    places = sorted(range(len(members)), key=lambda place: (members[place].training_id, members[place].since))
    for earlier, later in pairwise(places):
        if _overlap(members[earlier], members[later]):
            violations.append(Violation(refusals.MEMBERSHIPS_OVERLAP, f"/members/{later}/since"))
    if violations:
        raise Invalid.collect(tuple(violations))


def _overlap(earlier: Member, later: Member) -> bool:
    return earlier.training_id == later.training_id and later.since <= (earlier.until or date.max)


def check_bridge(bridge: Bridge, *, known: frozenset[UUID]) -> None:
    """A bridge joins two labelled trainings that differ, in a known département, for a period in order.

    Source: rule 28, a bridge has a territory. Raises Invalid.
    """
    violations = [
        Violation(refusals.TRAINING_UNKNOWN, pointer)
        for pointer, training in (("/from", bridge.from_training), ("/to", bridge.to_training))
        if training not in known
    ]
    if bridge.from_training == bridge.to_training:
        violations.append(Violation(refusals.BRIDGE_TO_ITSELF, "/to"))
    if not is_departement(bridge.departement):
        violations.append(Violation(refusals.UNKNOWN_DEPARTEMENT, "/departement", "75 | 2A | 971"))
    if bridge.open_until and bridge.open_until < bridge.open_from:
        violations.append(Violation(refusals.PERIOD_REVERSED, "/open_until", f">= {bridge.open_from}"))
    if violations:
        raise Invalid.collect(tuple(violations))


def is_departement(code: str) -> bool:
    """Whether a code names a département of the zoning in use."""
    commune = f"{code}000"[:5]
    return departement_of(commune) == code and region_of(commune) is not None


def redeclare_bridge(held: Bridge, declared: Bridge) -> Bridge:
    """The bridge with other conditions or another period; itself when nothing changes.

    Source: rule 28, the territory (code and vintage) is fixed when the bridge is accepted. Raises Conflict.
    """
    declared = replace(declared, zoning=held.zoning, version=held.version)
    if declared == held:
        return held
    if _fixed(declared) != _fixed(held):
        raise Conflict(refusals.BRIDGE_FIXED)
    return replace(declared, version=held.version + 1)


def _fixed(bridge: Bridge) -> tuple[object, ...]:
    return bridge.from_training, bridge.to_training, bridge.kind, bridge.departement
