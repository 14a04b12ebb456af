"""The verdict on each line of a sending: counted, and held against what the line deserves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.demo.failures import Stopped
from deploy.demo.fixture.observations import Item, Observation, Phase


@dataclass(frozen=True)
class Sent:
    """A phase that was sent: each line with its verdict, in the order of sending."""

    phase: Phase
    lines: Sequence[tuple[Item, str]]


def check(sendings: Sequence[Sent]) -> None:
    """Whether every line got the verdict it deserves where all was sent for the first time. Raises Stopped.

    Before its exit a line waits; a line that was said before, word for word, is a duplicate; any other is accepted.
    """
    said: set[Observation] = set()
    odd: list[str] = []
    for sent in sendings:
        for item, verdict in sent.lines:
            observation = item.observation
            news = "waiting" if sent.phase.name == "before_exits" else "accepted"
            deserved = "duplicate" if observation in said else news
            said.add(observation)
            if verdict != deserved:
                odd.append(f"{item.purpose} {observation.reference} got {verdict} instead of {deserved}")
    if odd:
        raise Stopped(f"{len(odd)} lines were judged otherwise than they deserve, first: {odd[0]}.")


def summary(sendings: Sequence[Sent]) -> str:
    """How many lines of each sending got each verdict, in one line."""
    return "; ".join(f"{sent.phase.name} {_counts(sent)}" for sent in sendings)


def _counts(sent: Sent) -> str:
    counts = Counter(verdict for _, verdict in sent.lines)
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
