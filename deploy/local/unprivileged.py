"""How Postgres, which refuses to be root, is run when the launcher is root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local import refusals

_NOBODY = 65534
_NAMESPACE = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
# Changing the user clears the death signal, so it is asked for again; SIGINT stops Postgres cleanly.
_OTHER_USER = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--pdeathsig", "INT")


@dataclass(frozen=True)
class Unprivileged:
    """Words to put before a command, and whether its files must change hands."""

    prefix: tuple[str, ...] = ()
    changes_owner: bool = False

    def give(self, path: Path) -> None:
        """Hand a file over to the user that will work with it."""
        if self.changes_owner:
            os.chown(path, _NOBODY, _NOBODY)

    def open_way(self, folder: Path) -> None:
        """Let that user pass through one of our folders, without seeing what is in it."""
        if self.changes_owner:
            folder.chmod(folder.stat().st_mode | 0o011)

    def check_reaches(self, path: Path) -> None:
        """Refuse early what would fail later with an obscure message; reads only."""
        if self.changes_owner and not _succeeds((*self.prefix, "test", "-x", str(path))):
            raise refusals.unreachable_as_nobody(path)


def unprivileged() -> Unprivileged:
    """As is for an ordinary user; for root a user namespace, which changes no owner, else `nobody`."""
    if os.geteuid() != 0:
        return Unprivileged()
    if _succeeds((*_NAMESPACE, "true")):
        return Unprivileged(prefix=_NAMESPACE)
    return Unprivileged(prefix=_OTHER_USER, changes_owner=True)


def processes_in(folder: Path) -> Iterator[int]:
    """Processes whose working directory is this folder: for a data directory, its Postgres alone."""
    wanted = os.path.realpath(folder)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str((entry / "cwd").readlink()) == wanted:
                    yield int(entry.name)
            except OSError:
                # Another user's process, or one that has just ended: not ours.
                continue


def _succeeds(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
