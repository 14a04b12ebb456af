"""Child processes that die with the launcher, however it dies, and whose end is noticed at once."""

import asyncio
import ctypes
import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Final

from deploy.local.place import PROJECT

_SET_PARENT_DEATH_SIGNAL: Final = 1
_TAIL = 12
_BIG_LOG = 4 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """One process with its log. Made in the main thread: the death signal is tied to the forking thread."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        stop_with: Signals,
        feed: str,
    ) -> None:
        self.name = name
        self.log = log
        self._stop_with = stop_with
        self._gone = asyncio.Event()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Out of the terminal's group: Ctrl-C reaches the launcher, which stops the rest in order.
                start_new_session=True,
                preexec_fn=_die_with_parent(stop_with),  # noqa: PLW1509 - the launcher has one thread
            )
        self._watch()
        self._feed(feed)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code, None while it lives, negative for a signal."""
        return self._process.returncode

    async def wait(self) -> int:
        """Exit code, once it has ended."""
        await self._gone.wait()
        return self._process.returncode

    async def stop(self, grace: float) -> bool:
        """Ask it to end, then insist; True if asking was enough."""
        if self.code is None:
            self._process.send_signal(self._stop_with)
        try:
            async with asyncio.timeout(grace):
                await self.wait()
        except TimeoutError:
            self._process.kill()
            await self.wait()
            return False
        return True

    def last_lines(self, count: int = _TAIL) -> list[str]:
        """End of its log."""
        return tail(self.log, count=count)

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        handle = os.pidfd_open(self.pid)

        def ended() -> None:
            loop.remove_reader(handle)
            os.close(handle)
            self._process.wait()
            self._gone.set()

        loop.add_reader(handle, ended)

    def _feed(self, text: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - narrowed for the type checker: the pipe was asked for
        try:
            with self._process.stdin as stream:
                stream.write(text.encode())
        except BrokenPipeError:
            return


def tail(log: Path, *, count: int) -> list[str]:
    """The last lines of a log, without what a crash may have cut inside a character."""
    try:
        with log.open(encoding="utf-8", errors="replace") as stream:
            return [line.rstrip("\n") for line in deque(stream, maxlen=count)]
    except OSError:
        return []


def turn_over(log: Path) -> None:
    """Keep one older generation of a log that has grown big."""
    if log.exists() and log.stat().st_size > _BIG_LOG:
        log.replace(log.with_suffix(".log.1"))


def started_at(pid: int) -> int | None:
    """Start of a process in clock ticks since boot: pid and start name one process for ever. None if gone."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    try:
        os.kill(pid, SIGKILL)
    except ProcessLookupError:
        return


def _die_with_parent(signal: Signals = SIGTERM) -> Callable[[], None]:
    parent = os.getpid()

    def before_exec() -> None:
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal))
        # A parent that died before the line above sends no signal any more.
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
