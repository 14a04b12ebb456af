"""Faults planted in the sender alone, to see that the comparison notices them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from deploy.demo.fixture.observations import Lot, Phase, Purpose

Plant = Callable[[Sequence[Phase]], tuple[Phase, ...]]


def planted(phases: Sequence[Phase], *, plant: str | None) -> tuple[Phase, ...]:
    """The phases as a faulty sender sends them; all of them without a plant."""
    return tuple(phases) if plant is None else _PLANTS[plant](phases)


def _without_purposes(phases: Sequence[Phase], *, purposes: set[Purpose]) -> tuple[Phase, ...]:
    def kept(lot: Lot) -> Lot:
        return replace(lot, items=tuple(item for item in lot.items if item.purpose not in purposes))

    return tuple(
        replace(phase, lots=tuple(lot for lot in map(kept, phase.lots) if lot.items)) for phase in phases
    )


def _lost(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The biggest lot of the first sending never arrives."""
    return tuple(
        replace(phase, lots=tuple(lot for lot in phase.lots if lot is not _biggest(phase)))
        if phase.name == "first_sending"
        else phase
        for phase in phases
    )


def _biggest(phase: Phase) -> Lot:
    return max(phase.lots, key=lambda lot: len(lot.items))


def _spurious(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """What nobody said is never taken back."""
    return _without_purposes(phases, purposes={"retraction", "retraction_again"})


def _uncorrected(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The wrong statuses stay."""
    return _without_purposes(phases, purposes={"correction"})


_PLANTS: Final[Mapping[str, Plant]] = {
    "lost": _lost,
    "spurious": _spurious,
    "uncorrected": _uncorrected,
}
