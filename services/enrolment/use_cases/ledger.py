"""What a call on many items holds, and what it made of it so far."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

State = TypeVar("State")


class Ledger(Generic[State]):
    """States by reference: those that were held, and which of them were made or changed since.

    Items are judged one after the other, each against what the ones before it left.
    """

    def __init__(self, held: Mapping[str, State]) -> None:
        self._states = dict(held)
        self._known = frozenset(held)
        self._touched: set[str] = set()

    def __iter__(self) -> Iterator[State]:
        """Every state, as it is now."""
        return iter(self._states.values())

    def get(self, reference: str) -> State | None:
        """The state of a reference, as it is now."""
        return self._states.get(reference)

    def put(self, reference: str, *, state: State) -> None:
        """Replace a state."""
        self._states[reference] = state
        self._touched.add(reference)

    def unchanged(self, reference: str) -> str:
        """The verdict on an item that says nothing new: whether this very call said it already."""
        return "duplicate" if reference in self._touched else "unchanged"

    def new(self) -> list[State]:
        """What was made, in the order of the references."""
        return [self._states[reference] for reference in sorted(self._touched - self._known)]

    def changed(self) -> list[State]:
        """What was held and changed, in the order of the references."""
        return [self._states[reference] for reference in sorted(self._touched & self._known)]
