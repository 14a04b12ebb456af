"""What became of each item of a call, so that one item and a thousand go the same way."""

from collections.abc import Callable, Hashable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.kernel.errors import DomainError
from shared.platform.edge.bulk import Verdict

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
State = TypeVar("State")

_WRITTEN = frozenset({"created", "updated"})


@dataclass(frozen=True)
class Settled(Generic[State]):
    """One item: its status with the state it led to, or the rule that refused it."""

    status: str
    state: State | None = None
    refusal: DomainError | None = None

    @property
    def is_written(self) -> bool:
        """Whether there is something new to save."""
        return self.status in _WRITTEN

    def verdict(self, **details: Any) -> Verdict:
        """The result of a bulk call for this item."""
        return Verdict.refused(self.refusal) if self.refusal else Verdict(self.status, details=details)


def settle_each(
    items: Iterable[Item],
    held: MutableMapping[Key, State],
    *,
    key: Callable[[Item], Key],
    act: Callable[[Item, State | None], State],
) -> list[Settled[State]]:
    """Apply the items in order; a second item on the same key is judged against what the first one left.

    `held` ends as the states to save. An act that gives its state back unchanged changes nothing.
    """
    settled: list[Settled[State]] = []
    seen: set[Key] = set()
    for item in items:
        place = key(item)
        before = held.get(place)
        try:
            after = act(item, before)
        except DomainError as refusal:
            settled.append(Settled("rejected", refusal=refusal))
            continue
        settled.append(Settled(_status(before, after, repeated=place in seen), after))
        held[place] = after
        seen.add(place)
    return settled


def raise_refusal(settled: Sequence[Settled[State]]) -> None:
    """For a call of one item: its refusal is the call's."""
    for one in settled:
        if one.refusal is not None:
            raise one.refusal


def _status(before: object, after: object, *, repeated: bool) -> str:
    if before is None:
        return "created"
    if after is not before:
        return "updated"
    return "duplicate" if repeated else "unchanged"
