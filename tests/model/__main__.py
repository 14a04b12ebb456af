"""`python -m tests.model [--deep]`: explores, plants every fault, and prints a table, the stories and a JSON line."""

import argparse
import json
import sys
import time
from collections.abc import Sequence

from tests.model import story
from tests.model.configurations import DEEP, SHORT, Configuration
from tests.model.explorer import Exploration, explore
from tests.model.plants import Plant, Spare
from tests.model.trials import SPARES, TRIALS, Trial
from tests.model.world import World


def main(arguments: Sequence[str]) -> int:
    """Explore the model. Exit code 1 if a law is broken, or a planted fault is not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--deep", action="store_true", help="larger bounds, some minutes")
    deep: bool = parser.parse_args(arguments).deep
    worlds = [World(configuration) for configuration in (DEEP if deep else SHORT)]
    worlds += [World(configuration, spare) for spare, configuration in SPARES]
    return report(worlds, TRIALS)


def report(worlds: Sequence[World], trials: Sequence[Trial]) -> int:
    """Explore worlds in which every law should hold, then those in which one should break; gives the exit code."""
    started = time.perf_counter()
    print(f"{'configuration':<20} {'states':>10} {'transitions':>12}  verdict")
    runs = [_explored(world) for world in worlds]
    found = [_tried(trial) for trial in trials]
    violations = sum(run.found is not None for run in runs)
    summary = {
        "states": sum(run.states for run in runs),
        "transitions": sum(run.transitions for run in runs),
        "violations": violations,
        "plants_found": sum(found),
        "plants": len(found),
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(summary))
    return int(violations > 0 or not all(found))


def _explored(world: World) -> Exploration:
    run, configuration = explore(world), world.configuration
    verdict = f"{'BROKEN' if run.found else 'held'}: {_subject(configuration, world.plant)}"
    print(f"{configuration.name:<20} {run.states:>10,} {run.transitions:>12,}  {verdict}", flush=True)
    _tell(run, world)
    return run


def _subject(configuration: Configuration, change: Plant | Spare | None) -> str:
    return configuration.looks_at if change is None else f"though {change.value}"


def _tried(trial: Trial) -> bool:
    world = World(trial.configuration, trial.plant)
    run = explore(world, judged=frozenset({trial.law}))
    verdict = "Found" if run.found else "NOT FOUND"
    print(f"\nPlanted: {trial.plant.value}. {verdict} in `{trial.configuration.name}`.", flush=True)
    _tell(run, world)
    return run.found is not None


def _tell(run: Exploration, world: World) -> None:
    if run.found is not None:
        print("\n".join(story.lines(run.found, world)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
