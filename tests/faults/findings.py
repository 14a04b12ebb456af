"""What the books found: lost, doubled, and everything else that is not as it must be."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Findings:
    """Sentences, by what they mean."""

    lost: list[str] = field(default_factory=list)
    """Accepted and missing, or logged and neither applied nor parked."""
    doubled: list[str] = field(default_factory=list)
    """Counted, said or done more often than it was accepted."""
    wrong: list[str] = field(default_factory=list)
    """Neither: parked without being poison, a state that contradicts its log, an answer that breaks a rule."""

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.lost or self.doubled or self.wrong)

    def __iter__(self) -> Iterator[str]:
        """Every sentence with its kind."""
        for kind in ("lost", "doubled", "wrong"):
            for sentence in getattr(self, kind):
                yield f"{kind}: {sentence}"

    def compare(self, what: str, *, found: int, owed: int) -> None:
        """A count that must be exact."""
        if found < owed:
            self.lost.append(f"{what}: {found} instead of {owed}")
        if found > owed:
            self.doubled.append(f"{what}: {found} instead of {owed}")

    def same(self, what: str, *, found: object, owed: object) -> None:
        """A value that must be this one."""
        if found != owed:
            self.wrong.append(f"{what}: {found} instead of {owed}")
