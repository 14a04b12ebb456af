"""One import for four services: loads the platform once, then forks a process per service.

Importing the platform costs a second of processor time, and four services share two cores: four imports were most
of the start. Each fork imports its own service while the schemas are being made and waits for the end of its standard
input before it serves. Standard output tells the launcher `NAME PID` of each birth and `NAME PID CODE` of each death.

    python -m deploy.local.preload LOGS labelling enrolment ...
"""

import gc
import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from deploy.local.processes import die_with_parent, turn_over

_PLATFORM = "shared.platform.app"
_SERVE = "shared.platform.serve"


def main(logs: Path, *, names: Iterable[str]) -> int:
    """Fork, then stay as the parent that reaps, until the last one has ended."""
    for module in (_PLATFORM, _SERVE):
        importlib.import_module(module)
    # What is shared stays shared: a collection in a fork would write to every page of it.
    gc.freeze()
    names = list(names)
    died_with = die_with_parent()
    born: dict[int, str] = {}
    for name in names:
        pid = os.fork()
        if pid == 0:
            died_with()
            return _serve(name, log=logs / f"{name}.log", others=set(names) - {name})
        born[pid] = name
        _say(f"{name} {pid}")
    while born:
        pid, status = os.wait()
        _say(f"{born.pop(pid)} {pid} {os.waitstatus_to_exitcode(status)}")
    return 0


def _serve(name: str, *, log: Path, others: set[str]) -> int:
    turn_over(log)
    with log.open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    for variable in list(os.environ):
        if variable.partition("_")[0].lower() in others:
            del os.environ[variable]
    importlib.import_module(f"services.{name}.main")
    while os.read(0, 1):
        pass
    code: int = importlib.import_module(_SERVE).main([name])
    return code


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), names=sys.argv[2:]))
