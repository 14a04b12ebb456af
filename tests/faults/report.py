"""How a run is shown: faults with their repair, figures, findings, and one line for machines."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.run import Outcome

MOST_SHOWN = 40


def table(outcome: "Outcome") -> Iterator[str]:
    """What a person reads."""
    yield f"{'fault':<22}{'times':>6}{'longest':>10}{'repair max':>12}   (seconds)"
    for kind, times in kinds(outcome).items():
        ours = [one for one in outcome.injected if one.kind == kind]
        longest = max(one.ended - one.started for one in ours)
        yield f"  {kind:<20}{times:>6}{longest:>10.1f}{max(_repair(one.mark) for one in ours):>12.1f}"
    books, ledger = outcome.books, outcome.ledger
    yield f"accepted {books.accepted}, logged {books.logged}, applied {books.applied}, parked {books.parked}"
    reasons = ", ".join(f"{times} {reason}" for reason, times in ledger.unknown.most_common())
    yield (
        f"unanswered: {reasons or 'none'}; keys resolved {ledger.unknown_resolved},"
        f" of which {ledger.done_unanswered} had been done"
    )
    if outcome.died:
        yield f"processes that ended by themselves: {outcome.died}"
    for line in outcome.not_drained[:MOST_SHOWN]:
        yield f"not drained: {line}"
    found = list(books.findings)
    yield from found[:MOST_SHOWN]
    if len(found) > MOST_SHOWN:
        yield f"... and {len(found) - MOST_SHOWN} more"


def summary(outcome: "Outcome") -> dict[str, Any]:
    """What a machine reads."""
    findings = outcome.books.findings
    return {
        "minutes": outcome.wanted.minutes,
        "seed": outcome.wanted.seed,
        "accepted": outcome.books.accepted,
        "logged": outcome.books.logged,
        "applied": outcome.books.applied,
        "parked": outcome.books.parked,
        "lost": len(findings.lost),
        "doubled": len(findings.doubled),
        "wrong": len(findings.wrong),
        "drained": not outcome.not_drained,
        "unknown_resolved": outcome.ledger.unknown_resolved,
        "faults": kinds(outcome),
        "repair_seconds_max": round(max((_repair(one.mark) for one in outcome.injected), default=0.0), 1),
    }


def kinds(outcome: "Outcome") -> dict[str, int]:
    """How often each kind happened."""
    return dict(sorted(Counter(one.kind for one in outcome.injected).items()))


def _repair(mark: Any) -> float:
    """Seconds until all was heard; what never was counts until now."""
    until = time.monotonic() if mark.repaired_at is None else mark.repaired_at
    return float(until - mark.ended_at)
