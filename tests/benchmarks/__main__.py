"""`python -m tests.benchmarks NAME`: runs a bench, prints its table and its JSON lines, the ratio last."""

import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from tests.benchmarks import (
    edge,
    event_path,
    exchange_ways,
    ladder,
    log_days,
    rebuild,
    strict_body,
    wiped_broker,
)

BENCHES: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
    "edge": edge.bench,
    "event-path": event_path.bench,
    "exchange-ways": exchange_ways.bench,
    "ladder": ladder.bench,
    "rebuild": rebuild.bench,
    "log-days": log_days.bench,
    "strict-body": strict_body.bench,
    "wiped-broker": wiped_broker.bench,
}


def main(arguments: list[str]) -> int:
    """Run the named benches. Exit code 2 for an unknown name."""
    unknown = [name for name in arguments if name not in BENCHES]
    if unknown or not arguments:
        sys.stderr.write(f"benches: {', '.join(sorted(BENCHES))}\n")
        return 2 if unknown else 0
    for name in arguments:
        # The services run on uvloop: so does their limit.
        uvloop.run(BENCHES[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
