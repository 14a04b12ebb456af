"""A reduced embedded stack in a process of its own: Postgres, the broker and the identity provider."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from deploy.local.place import PROJECT, Place

_VERB = """
import sys
from pathlib import Path
from deploy.local import embedded
from deploy.local.cli import Scene, main
compose = getattr(embedded, sys.argv[3])
sys.argv = ["python -m deploy.local", *sys.argv[2].split()]
main(Scene(root=Path({root!r}), compose=compose, player="tests.support.player"))
"""
REDUCED = "servers_only"
WHOLE = "everything"
_PATIENCE = 60.0
_PORTS = range(21_000, 29_000, 10)


def free_port_base() -> int:
    """A base whose eight ports nobody holds; outside the range from which the kernel draws."""
    start = os.getpid() % len(_PORTS)
    base: int
    for base in (*_PORTS[start:], *_PORTS[:start]):
        if all(_is_free(base + offset) for offset in range(8)):
            return base
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as attempt, suppress(OSError):
        attempt.bind(("127.0.0.1", port))
        return True
    return False


def verb(place: Place, name: str, **knobs: str) -> subprocess.CompletedProcess[str]:
    """Run one verb, with its words, to its end."""
    return subprocess.run(
        _command(place, name),
        cwd=PROJECT,
        env=_environment(place, knobs),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )


@dataclass(frozen=True)
class Running:
    """A launcher in a process of its own, and what it prints."""

    place: Place
    launcher: subprocess.Popen[str]
    output: Path

    def wait(self) -> int:
        """Exit code of the launcher."""
        return self.launcher.wait(_PATIENCE)

    def said(self) -> str:
        """What it has printed, errors included."""
        return self.output.read_text(encoding="utf-8")


@contextmanager
def running(place: Place, *, parts: str = REDUCED, **knobs: str) -> Iterator[Running]:
    """Start with `run`, wait until it is ready, stop it at the end if it still runs."""
    stack = starting(place, parts=parts, **knobs)
    try:
        _await_ready(stack)
        yield stack
    finally:
        if stack.launcher.poll() is None:
            stack.launcher.send_signal(SIGTERM)
            stack.wait()


def starting(place: Place, *, parts: str = REDUCED, **knobs: str) -> Running:
    """Begin a start, without waiting for anything."""
    output = place.root.parent / f"{place.state}.out"
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("wb") as stream:
        launcher = subprocess.Popen(
            _command(place, "run", parts=parts),
            cwd=PROJECT,
            env=_environment(place, knobs),
            stdout=stream,
            stderr=stream,
            text=True,
        )
    return Running(place, launcher, output)


def processes_of(place: Place) -> list[int]:
    """Every living process that carries the mark of this state or works in its folder."""
    mark = f"TREMPLIN_STATE={place.directory}".encode()
    folder = str(place.directory)
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and (
                mark in (process / "environ").read_bytes().split(b"\0")
                or str((process / "cwd").readlink()).startswith(folder)
            ):
                found.append(int(process.name))
    return found


def gone_within(place: Place, *, seconds: float) -> bool:
    """Whether all processes of the state end in time."""
    deadline = time.monotonic() + seconds
    while processes_of(place):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _await_ready(stack: Running) -> None:
    deadline = time.monotonic() + _PATIENCE
    while "Ready after" not in stack.said():
        if stack.launcher.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(stack.said())
        time.sleep(0.02)


def _command(place: Place, name: str, *, parts: str = REDUCED) -> list[str]:
    return [sys.executable, "-c", _VERB.format(root=str(place.root)), "deploy.local", name, parts]


def _environment(place: Place, knobs: dict[str, str]) -> dict[str, str]:
    return os.environ | {"STATE": place.state, "PORT_BASE": str(place.port_base)} | knobs
