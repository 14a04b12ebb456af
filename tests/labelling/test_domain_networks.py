"""Networks and bridges: who can be a member, what a bridge joins, what of it is fixed."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.labelling.domain.networks import (
    Bridge,
    BridgeKind,
    Member,
    bridge_id_of,
    check_bridge,
    check_members,
    is_departement,
    redeclare_bridge,
)
from services.labelling.domain.trainings import training_id_of
from shared.kernel.errors import Conflict, Invalid
from tests.labelling.builders import HOLDER

FIRST, SECOND, STRANGER = (training_id_of(HOLDER, name) for name in ("FORM-1", "FORM-2", "FORM-9"))
KNOWN = frozenset({FIRST, SECOND})
SPRING, SUMMER, AUTUMN = date(2016, 3, 1), date(2016, 6, 1), date(2016, 9, 1)
BRIDGE = Bridge("p-1", bridge_id_of("p-1"), FIRST, SECOND, BridgeKind.NEXT_LEVEL, "75", "", SPRING)


def codes_of(refusal: Invalid) -> list[tuple[str, str]]:
    return [(violation.pointer, violation.rule.code) for violation in refusal.violations]


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ([Member(FIRST, SPRING), Member(SECOND, SPRING)], []),
        ([Member(FIRST, SPRING, SUMMER), Member(FIRST, AUTUMN)], []),
        ([Member(STRANGER, SPRING)], [("/members/0", "training_unknown")]),
        ([Member(FIRST, SUMMER, SPRING)], [("/members/0/until", "period_reversed")]),
        ([Member(FIRST, AUTUMN), Member(FIRST, SPRING)], [("/members/0/since", "memberships_overlap")]),
        (
            [Member(FIRST, SPRING, SUMMER), Member(FIRST, SUMMER)],
            [("/members/1/since", "memberships_overlap")],
        ),
    ],
)
def test_members_are_known_and_their_periods_apart(
    members: list[Member], codes: list[tuple[str, str]]
) -> None:
    if not codes:
        check_members(members, known=KNOWN)
        return
    with pytest.raises(Invalid) as refusal:
        check_members(members, known=KNOWN)
    assert codes_of(refusal.value) == codes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"from_training": STRANGER}, ("/from", "training_unknown")),
        ({"to_training": STRANGER}, ("/to", "training_unknown")),
        ({"to_training": FIRST}, ("/to", "bridge_to_itself")),
        ({"departement": "96"}, ("/departement", "unknown_departement")),
        ({"open_until": date(2016, 1, 1)}, ("/open_until", "period_reversed")),
    ],
)
def test_a_bridge_joins_two_known_trainings_in_a_known_departement(
    changes: dict[str, UUID | str | date], code: tuple[str, str]
) -> None:
    check_bridge(BRIDGE, known=KNOWN)
    with pytest.raises(Invalid) as refusal:
        check_bridge(replace(BRIDGE, **changes), known=KNOWN)  # type: ignore[arg-type]  # real fields
    assert codes_of(refusal.value) == [code]


@pytest.mark.parametrize("code", ["01", "75", "2A", "2B", "971", "976", "988"])
def test_a_departement_is_known_by_its_code(code: str) -> None:
    assert is_departement(code)


@pytest.mark.parametrize("code", ["00", "96", "97", "7", "75000", "2C", "970", ""])
def test_what_is_no_departement_is_not_known(code: str) -> None:
    assert not is_departement(code)


def test_conditions_and_period_of_a_bridge_change_and_nothing_else() -> None:
    closed = redeclare_bridge(BRIDGE, replace(BRIDGE, open_until=AUTUMN, conditions="Entretien"))

    assert (closed.version, closed.open_until) == (2, AUTUMN)
    assert redeclare_bridge(BRIDGE, replace(BRIDGE)) is BRIDGE
    for changed in (
        replace(BRIDGE, departement="93"),
        replace(BRIDGE, to_training=STRANGER),
        replace(BRIDGE, kind=BridgeKind.REMEDIAL),
    ):
        with pytest.raises(Conflict):
            redeclare_bridge(BRIDGE, changed)
