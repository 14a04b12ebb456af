"""What the answers of a run add up to, and whether it reached what it had to reach."""

from collections import Counter
from collections.abc import Set as AbstractSet
from typing import Any

Counts = Counter[tuple[str, int]]
"""Answers by operation and status."""
_REFUSED_AT_THE_DOOR = {401, 429}
LEAST_ACCEPTED = 0.25
MOST_REFUSED_AT_THE_DOOR = 0.01


def verdict(counts: Counts, operations: AbstractSet[str], *, failures: int) -> dict[str, Any]:
    """The figures of a run. `whole` is true if no check failed and each operation was accepted and refused once."""
    by_status: Counter[int] = Counter()
    for (_, status), count in counts.items():
        by_status[status] += count
    cases = by_status.total()
    accepted = sum(count for status, count in by_status.items() if 200 <= status < 300)
    at_the_door = sum(by_status[status] for status in _REFUSED_AT_THE_DOOR)
    never_accepted = sorted(operations - _with(counts, lambda status: 200 <= status < 300))
    never_refused = sorted(
        operations - _with(counts, lambda status: 400 <= status < 500 and status not in _REFUSED_AT_THE_DOOR)
    )
    errors = sum(count for status, count in by_status.items() if status >= 500)
    return {
        "operations": len(operations),
        "cases": cases,
        "by_status": {str(status): by_status[status] for status in sorted(by_status)},
        "server_errors": errors,
        "failures": failures,
        "accepted_share": round(accepted / cases, 3) if cases else 0.0,
        "at_the_door_share": round(at_the_door / cases, 4) if cases else 0.0,
        "never_accepted": never_accepted,
        "never_refused": never_refused,
        "whole": cases > 0
        and not (errors or failures or never_accepted or never_refused)
        and accepted >= LEAST_ACCEPTED * cases
        and at_the_door < MOST_REFUSED_AT_THE_DOOR * cases,
    }


def _with(counts: Counts, test: Any) -> set[str]:
    return {operation for (operation, status), count in counts.items() if count and test(status)}
