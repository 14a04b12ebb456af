"""One launcher per state: the kernel's file lock decides, the pid in the file only names the holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import refusals
from deploy.local.place import Place

_TRIES = 5
_PAUSE = 0.03


@contextmanager
def hold(place: Place) -> Iterator[None]:
    """Hold the state until the end of the block; the kernel lets go when the process dies in any way."""
    descriptor = _take(place)
    try:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(place: Place) -> int | None:
    """Process that holds the state, or None."""
    try:
        descriptor = os.open(_file(place), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def is_launcher(pid: int, *, place: Place) -> bool:
    """Whether this is a launcher that has the state's lock file open: a signal goes to no stranger."""
    process = Path("/proc") / str(pid)
    try:
        command = (process / "cmdline").read_bytes()
        opened = {os.path.realpath(link) for link in (process / "fd").iterdir()}
    except OSError:
        return False
    return b"deploy.local" in command and os.path.realpath(_file(place)) in opened


def _take(place: Place) -> int:
    path, pid = _file(place), 0
    for _ in range(_TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A `status` looks at the lock for an instant; a launcher keeps it.
            pid = _pid_in(descriptor)
            time.sleep(_PAUSE)
        else:
            # A reset may have deleted the file between opening and locking: such a lock holds nothing.
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)
    raise refusals.already_running(place.state, pid=pid)


def _pid_in(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else 0


def _file(place: Place) -> Path:
    return place.directory / "lock"
