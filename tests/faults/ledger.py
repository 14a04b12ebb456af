"""What the clients know: which change of which key was accepted, which is in doubt, which was answered strangely."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Content = dict[str, Any]


class Key(NamedTuple):
    """What one change is about: `entry`, `end`, `outcome` or `target`, and the client's own reference."""

    kind: str
    reference: str


@dataclass
class Record:
    """Everything that was said under one key."""

    accepted: list[Content] = field(default_factory=list)
    """The contents that were answered with a 2xx, each once, in order."""
    pending: Content | None = None
    """Sent without an answer, and not resolved yet."""
    was_in_doubt: bool = False
    """A request without an answer may still be carried out late: nothing else may be said under its key."""
    details: dict[str, str] = field(default_factory=dict)


@dataclass
class Ledger:
    """The books of the clients."""

    records: dict[Key, Record] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    """Answers that never came, by reason."""
    unknown_resolved: int = 0
    done_unanswered: int = 0
    """Of those resolved, how many had been carried out although no answer came."""
    surprises: list[str] = field(default_factory=list)
    """Answers that the rules do not allow: a refusal, or a repetition that was taken for news."""

    def record(self, key: Key) -> Record:
        """The record of a key, made at first sight."""
        return self.records.setdefault(key, Record())

    def accept(self, key: Key, content: Content, *, details: dict[str, str], held: bool = False) -> None:
        """A 2xx; `held` when the answer says that it was done before."""
        record = self.record(key)
        if record.pending is not None:
            record.pending = None
            self.unknown_resolved += 1
            self.done_unanswered += held and record.accepted[-1:] != [content]
        if not record.accepted or record.accepted[-1] != content:
            record.accepted.append(content)
        record.details |= details

    def doubt(self, key: Key, content: Content, *, reason: str) -> None:
        """No answer, or one that does not tell whether it was done."""
        record = self.record(key)
        record.pending, record.was_in_doubt = content, True
        self.unknown[reason] += 1

    def surprise(self, key: Key, text: str) -> None:
        """An answer that breaks a rule; the change stays outside the books."""
        record = self.record(key)
        if record.pending is not None:
            record.pending = None
            self.unknown_resolved += 1
        self.surprises.append(f"{key.kind} {key.reference}: {text}")

    @property
    def accepted(self) -> int:
        """How many changes were accepted."""
        return sum(len(record.accepted) for record in self.records.values())

    @property
    def unresolved(self) -> list[Key]:
        """Keys that are still in doubt."""
        return [key for key, record in self.records.items() if record.pending is not None]

    def said(self, kind: str) -> dict[str, Record]:
        """The records of a kind that hold something, by reference."""
        return {
            key.reference: record
            for key, record in self.records.items()
            if key.kind == kind and record.accepted
        }
