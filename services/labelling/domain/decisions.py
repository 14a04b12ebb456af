"""Committee decisions and the chain of hashes that shows whether one was altered, added or removed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from services.labelling.domain import refusals
from services.labelling.domain.trainings import Content, as_document
from shared.kernel.errors import Invalid

GENESIS = "0" * 64
"""What the first decision follows."""


class Outcome(StrEnum):
    """What a committee decides."""

    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Reason:
    """Why: a code for counting, a text for the holder."""

    code: str
    text: str


@dataclass(frozen=True)
class Decision:
    """A dated decision of a committee on one application."""

    reference: str
    holder: str
    application: str
    outcome: Outcome
    decided_on: date
    committee: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Head:
    """The last link: its number and its hash."""

    number: int = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class Link:
    """A decision in its place in the chain, with the criteria and the declared facts it was taken under."""

    number: int
    decision: Decision
    criteria_set: str | None
    content_digest: str
    previous_hash: str
    hash: str

    def as_head(self) -> Head:
        """What the next link follows."""
        return Head(self.number, self.hash)


def check_decision(decision: Decision) -> None:
    """A refusal is reasoned. Source: architecture, refusal reasons reach the holder. Raises Invalid."""
    if decision.outcome is Outcome.REFUSED and not decision.reasons:
        raise Invalid(refusals.REASONS_REQUIRED, pointer="/reasons", expected=">= 1")


def digest_of(content: Content) -> str:
    """SHA-256 of the declared facts in canonical form: a decision names exactly what it judged."""
    return hashlib.sha256(_canonical(as_document(content)).encode()).hexdigest()


def chain(head: Head, decision: Decision, *, criteria_set: str | None, content_digest: str) -> Link:
    """The decision as the link after `head`.

    Source: architecture, decisions: a hash-chained log, each hash over the previous one and the content.
    """
    link = Link(
        number=head.number + 1,
        decision=decision,
        criteria_set=criteria_set,
        content_digest=content_digest,
        previous_hash=head.hash,
        hash="",
    )
    return replace(link, hash=hash_of(link))


def hash_of(link: Link) -> str:
    """SHA-256 of the previous hash and the canonical content of a link."""
    content = {
        **asdict(link.decision),
        "number": link.number,
        "criteria_set": link.criteria_set,
        "content_digest": link.content_digest,
    }
    return hashlib.sha256(f"{link.previous_hash}\n{_canonical(content)}".encode()).hexdigest()


def walk(head: Head, links: Iterable[Link]) -> tuple[Head, int | None]:
    """How far the chain holds from `head` on: the last sound link, and the number of the first broken one."""
    for link in links:
        expected = (head.number + 1, head.hash, hash_of(link))
        if (link.number, link.previous_hash, link.hash) != expected:
            return head, head.number + 1
        head = link.as_head()
    return head, None


def _canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces; dates as YYYY-MM-DD."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
