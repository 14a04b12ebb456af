"""Child processes that die with the launcher, however it dies, and whose end is noticed at once."""

import asyncio
import ctypes
import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Final

from deploy.local.place import PROJECT

_SET_PARENT_DEATH_SIGNAL: Final = 1
_TAIL = 12
_BIG_LOG = 4 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


class Process:
    """A running process with its log, whoever has forked it."""

    def __init__(self, name: str, *, pid: int, log: Path, stop_with: Signals) -> None:
        self.name = name
        self.pid = pid
        self.log = log
        self.code: int | None = None
        """Exit code, None while it lives, negative for a signal."""
        self._stop_with = stop_with
        self._gone = asyncio.Event()

    async def wait(self) -> int:
        """Exit code, once it has ended."""
        await self._gone.wait()
        assert self.code is not None  # noqa: S101 - set before the event
        return self.code

    async def stop(self, grace: float) -> bool:
        """Ask it to end, then insist; True if asking was enough."""
        self._send(self._stop_with)
        try:
            async with asyncio.timeout(grace):
                await self.wait()
        except TimeoutError:
            self._send(SIGKILL)
            await self.wait()
            return False
        return True

    def last_lines(self, count: int = _TAIL) -> list[str]:
        """End of its log."""
        return tail(self.log, count=count)

    def ended(self, code: int) -> None:
        """Told by whoever has reaped it."""
        self.code = code
        self._gone.set()

    def _send(self, signal: Signals) -> None:
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal)


class Child(Process):
    """A process of the launcher's own. Made in the main thread: the death signal is tied to the forking thread."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        stop_with: Signals = SIGTERM,
        reports: bool = False,
    ) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if reports else output,
                stderr=output,
                # Out of the terminal's group: Ctrl-C reaches the launcher, which stops the rest in order.
                start_new_session=True,
                preexec_fn=die_with_parent(stop_with),  # noqa: PLW1509 - the launcher has one thread
            )
        super().__init__(name, pid=self._process.pid, log=log, stop_with=stop_with)
        self._watch()

    def feed(self, text: str = "") -> None:
        """Write to its standard input and close it; not again once it is closed."""
        assert self._process.stdin is not None  # noqa: S101 - the pipe was asked for
        with suppress(BrokenPipeError):
            if not self._process.stdin.closed:
                with self._process.stdin as stream:
                    stream.write(text.encode())

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        handle = os.pidfd_open(self.pid)

        def reap() -> None:
            loop.remove_reader(handle)
            os.close(handle)
            self.ended(self._process.wait())

        loop.add_reader(handle, reap)


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
    with suppress(ProcessLookupError):
        os.kill(pid, SIGKILL)


def die_with_parent(signal: Signals = SIGTERM) -> Callable[[], None]:
    """Something to run in a fresh fork: this process ends when the one that forked it ends, even by SIGKILL."""
    parent = os.getpid()

    def before_exec() -> None:
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal))
        # A parent that died before the line above sends no signal any more.
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
