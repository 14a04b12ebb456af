"""Loads the platform once, then forks a process for each order: a restart costs a fork and not a second of imports.

An order is a line of JSON on the standard input: name, module, arguments, environment, log. A birth and a death are a
line each on the standard output: `NAME PID`, `NAME PID CODE`. The fork runs its module as `python -m` would.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

from deploy.local.processes import die_with_parent

SERVICES = ("labelling", "enrolment", "followup", "indicators")


def main() -> int:
    """Fork until the standard input closes; then every child dies with us."""
    for module in ("shared.platform.app", "uvicorn", *(f"services.{name}.main" for name in SERVICES)):
        importlib.import_module(module)
    gc.freeze()
    wake, ring = os.pipe()
    for end in (wake, ring):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    nursery = _Nursery(die_with_parent(signal.SIGKILL))
    _say("ready")
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            nursery.bury()
        if 0 in ready and not nursery.read_orders():
            return 0


class _Nursery:
    """Who was born and has not been buried."""

    def __init__(self, dying_with_us: Callable[[], None]) -> None:
        self._dying_with_us = dying_with_us
        self._born: dict[int, str] = {}
        self._unread = b""

    def read_orders(self) -> bool:
        """Fork what is ordered; False at the end of the input. Does not return in a fork."""
        chunk = os.read(0, 65536)
        *orders, self._unread = (self._unread + chunk).split(b"\n")
        for order in map(json.loads, orders):
            pid = os.fork()
            if pid == 0:
                self._dying_with_us()
                _become(order)
            self._born[pid] = order["name"]
            _say(f"{order['name']} {pid}")
        return bool(chunk)

    def bury(self) -> None:
        """Say who has died."""
        while self._born:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            _say(f"{self._born.pop(pid)} {pid} {os.waitstatus_to_exitcode(status)}")


def _become(order: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, stream in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, stream)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [order["module"], *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
    # A module that ends without an exit code has done its work.
    sys.exit(0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
