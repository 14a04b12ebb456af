"""`python -m tests.faults --minutes m --seed s`: a table, a JSON line, and exit code 0 only if all is well.

`python -m tests.faults restored` and `python -m tests.faults wrong-effects` play the scripted scenarios.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

import uvloop

from tests.faults import deck, restored, wrong_effects
from tests.faults.run import Wanted, run, show
from tests.faults.scenarios import Script, play

SCRIPTS: Mapping[str, Script] = {"restored": restored.script, "wrong-effects": wrong_effects.script}


def main(arguments: Sequence[str]) -> int:
    """Run once, or play a scenario."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "scenario", nargs="?", choices=SCRIPTS, help="play this; without it, faults at random"
    )
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=deck.KINDS, default=deck.KINDS, help="these kinds alone")
    parser.add_argument("--keep", action="store_true", help="keep data and logs in .local/")
    asked = parser.parse_args(arguments)
    if asked.scenario:
        return uvloop.run(play(asked.scenario, SCRIPTS[asked.scenario], seed=asked.seed))
    plan = deck.plan(asked.minutes, seed=asked.seed, kinds=tuple(asked.only))
    state = f"faults-{asked.seed}-{os.getpid()}"
    wanted = Wanted(minutes=asked.minutes, seed=asked.seed, plan=plan, state=state, keep=asked.keep)
    return show(uvloop.run(run(wanted)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
