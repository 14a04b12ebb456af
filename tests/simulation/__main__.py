"""`python -m tests.simulation --seeds n`: runs seeds on every core, prints what failed, the sums as JSON last."""

import argparse
import gc
import json
import multiprocessing
import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import structlog

from tests.simulation.plants import PLANTS
from tests.simulation.runs import Outcome, run

SHOWN = 3
"""Failing seeds whose last steps are printed."""
WITHIN = 200
"""Seeds in which a plant must be found."""
CHUNK = 5


def main(given: list[str]) -> int:
    """Exit code 1 when a promise was broken, or a plant not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one again and print its last steps")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="put this bug in")
    parser.add_argument("--plants", action="store_true", help="count the seeds that each plant needs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    arguments = parser.parse_args(given)
    if arguments.plants:
        return _find_plants(arguments.jobs)
    if arguments.seed is not None:
        return _replay(arguments.seed, plant=arguments.plant)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    return _run_all(seeds, plant=arguments.plant, jobs=arguments.jobs)


def _run_all(seeds: range, *, plant: str | None, jobs: int) -> int:
    began = time.monotonic()
    steps = events = failed = digest = 0
    faults: Counter[str] = Counter()
    with multiprocessing.Pool(jobs, initializer=_prepare) as pool:
        for outcome in pool.imap_unordered(partial(_run, plant=plant), seeds, chunksize=CHUNK):
            steps, events = steps + outcome.steps, events + outcome.events
            faults.update(outcome.faults)
            digest ^= outcome.digest
            if outcome.violations:
                failed += 1
                _show(outcome, plant=plant, whole=failed <= SHOWN)
    crashes = faults.pop("killed", 0)
    sums = {
        "seeds": len(seeds), "violations": failed, "steps": steps, "events": events, "crashes": crashes,
        "faults": dict(sorted(faults.items())), "digest": f"{digest:08x}",
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    print(json.dumps(sums))
    return 1 if failed else 0


def _replay(seed: int, *, plant: str | None) -> int:
    _prepare()
    outcome = run(seed, plant=plant)
    _show(outcome, plant=plant, whole=True)
    told = {"seed": seed, "violations": len(outcome.violations), "steps": outcome.steps}
    print(json.dumps(told | {"digest": f"{outcome.digest:08x}"}))
    return 1 if outcome.violations else 0


def _show(outcome: Outcome, *, plant: str | None, whole: bool) -> None:
    if whole:
        print(f"--- the last steps of seed {outcome.seed}")
        for at, who, what in outcome.trace:
            print(f"{at:9.3f} s  {who:<14} {what}")
    for violation in outcome.violations:
        print(f"seed {outcome.seed}: {violation}")
    command = ["python", "-m", "tests.simulation", "--seed", str(outcome.seed)]
    print(f"again: {shlex.join(command + (['--plant', plant] if plant else []))}", flush=True)


def _find_plants(jobs: int) -> int:
    """A table: after how many seeds each plant was found, and by what."""
    needed: dict[str, int | None] = {}
    with multiprocessing.Pool(jobs, initializer=_prepare) as pool:
        for name, seeds, violation in pool.imap(_find, PLANTS):
            needed[name] = seeds
            print(f"{name:<32} {seeds or 'missed':>6}  {violation}", flush=True)
    missed = [name for name, seeds in needed.items() if seeds is None]
    print(json.dumps({"plants": needed, "missed": missed}))
    return 1 if missed else 0


def _find(name: str) -> tuple[str, int | None, str]:
    for seed in range(WITHIN):
        outcome = _run(seed, plant=name)
        if outcome.violations:
            return name, seed + 1, outcome.violations[0]
    return name, None, ""


def _run(seed: int, *, plant: str | None) -> Outcome:
    outcome = run(seed, plant=plant)
    if seed % 10 == 0:
        gc.collect()
    return outcome


def _prepare() -> None:
    """What the kit logs is not wanted here, and the collector comes when it is called."""

    def drop(_: Any, __: str, ___: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        raise structlog.DropEvent

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), processors=[drop])
    gc.collect()
    gc.freeze()
    gc.disable()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
