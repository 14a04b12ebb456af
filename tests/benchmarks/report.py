"""How a bench shows its result: runs as a table, then JSON lines, the ratio to the limit last."""

import json
import statistics
from collections.abc import Sequence


def show(
    bench: str, *, ours: Sequence[float], limit: Sequence[float], unit: str, wanted: float | None
) -> None:
    """Print each run and the medians; the last line is what a machine reads."""
    print(f"{bench:<24} {'ours':>12} {'limit':>12} {'ratio':>8}   ({unit})")
    for run, (mine, bound) in enumerate(zip(ours, limit, strict=True), start=1):
        print(f"  run {run:<18} {mine:>12,.0f} {bound:>12,.0f} {mine / bound:>8.2f}")
        print(
            json.dumps(
                {"bench": bench, "run": run, "ours": round(mine, 1), "limit": round(bound, 1), "unit": unit}
            )
        )
    middle, bound = statistics.median(ours), statistics.median(limit)
    print(f"  {'median':<22} {middle:>12,.0f} {bound:>12,.0f} {middle / bound:>8.2f}   {_mark(wanted)}")
    summary = {
        "bench": bench,
        "ratio": round(middle / bound, 3),
        "ours": round(middle, 1),
        "limit": round(bound, 1),
        "unit": unit,
        "runs": len(ours),
    }
    print(json.dumps(summary))


def _mark(wanted: float | None) -> str:
    return "stated, no mark" if wanted is None else f"wanted: {wanted}"
