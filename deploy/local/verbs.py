"""What each verb does besides starting: play, stop, show, forget, ask for a token."""

import asyncio
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from signal import SIGTERM

from deploy.local import lock, refusals, services
from deploy.local.asking import fetch_token
from deploy.local.launcher import Launcher
from deploy.local.place import PROJECT, Place
from deploy.local.processes import started_at
from deploy.local.report import print_report
from deploy.local.stack import Stack
from deploy.local.state import check_is_state, passwords, read_json

_PAUSE = 0.1


def print_addresses(stack: Stack) -> None:
    """Where everything is."""
    for name, url in stack.urls.items():
        _say(f"  {name:<12} {url}")


def print_hints(stack: Stack) -> None:
    """What to do with it."""
    choice = "" if stack.state == "default" else f" STATE={stack.state}"
    _say(f"  {'logs':<12} {_short(stack.state_dir / 'logs')}")
    _say(f"  {'a token':<12} make -s token CLIENT=holder-01{choice}")
    _say(f"Ctrl-C stops it, and so does `make down{choice}`.")


def check_player(module: str) -> None:
    """Refuse before the start what could not be played after it."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise refusals.no_player(module)


async def play(module: str, *, stack: Stack, launcher: Launcher, once: bool) -> int:
    """Play the demonstration, and stay up unless it is for once: then the player has the last line."""
    player = importlib.import_module(module)
    code: int = await player.play(replace(stack, once=once))
    if not once:
        print_addresses(stack)
        print_hints(stack)
        await launcher.until_asked()
    return code


def down(place: Place) -> None:
    """Ask the launcher that holds the state to stop, and wait until it has let go."""
    pid = lock.holder(place)
    if pid is None:
        _say(f"Nothing runs in the state '{place.state}'.")
        return
    if not lock.is_launcher(pid, place=place):
        raise refusals.strange_holder(place.state, pid=pid)
    os.kill(pid, SIGTERM)
    while lock.holder(place) == pid and started_at(pid) is not None:
        time.sleep(_PAUSE)
    _say(f"The state '{place.state}' is stopped.")


def status(place: Place) -> None:
    """The table of processes, or one line if nothing runs."""
    if lock.holder(place) is None:
        _say(f"Nothing runs in the state '{place.state}'.")
        return
    asyncio.run(print_report(running_place(place)))


def reset(place: Place) -> None:
    """Delete the state while nobody can start it."""
    if not place.directory.exists():
        _say(f"There is no state '{place.state}'.")
        return
    check_is_state(place)
    pid = lock.holder(place)
    if pid is not None:
        raise refusals.running(place.state, pid=pid)
    try:
        with lock.hold(place):
            shutil.rmtree(place.directory)
    except PermissionError as error:
        raise refusals.not_writable(Path(error.filename), reason=error.strerror or str(error)) from None
    _say(f"The state '{place.state}' is forgotten.")


def token(place: Place, *, client: str) -> None:
    """An access token of one client with all its scopes."""
    known = services.clients()
    if client not in known:
        raise refusals.unknown_client(client, known=sorted(known))
    if lock.holder(place) is None:
        raise refusals.not_running(place.state)
    try:
        _say(fetch_token(running_place(place), client=client))
    except OSError:
        raise refusals.not_running(place.state) from None


def operate(place: Place, *, words: Sequence[str]) -> int:
    """One verb of the operators' command line, in a process of its own; its exit code."""
    if lock.holder(place) is None:
        raise refusals.not_running(place.state)
    settings = services.environment(running_place(place), passwords=passwords(place))
    command = (sys.executable, "-m", "shared.platform.operators", *words)
    return subprocess.run(command, cwd=PROJECT, env=settings, check=False).returncode


def running_place(place: Place) -> Place:
    """The same state with the ports it was started with."""
    record = read_json(place.directory / "processes.json") or {}
    return replace(place, port_base=record.get("port_base", place.port_base))


def _short(path: Path) -> str:
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
