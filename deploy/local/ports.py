"""Whether the ports of a stack are free, and who holds one that is not."""

import socket
from pathlib import Path

from deploy.local import refusals
from deploy.local.place import HOST, Place

MARK = "TREMPLIN_STATE"
"""Variable that every process of a stack carries: the folder of its state."""

_LISTENS = "0A"


def check_free(place: Place) -> None:
    """Refuse with the first port that is held by somebody."""
    for name, port in place.ports.items():
        if not _is_free(port):
            raise refusals.port_taken(port, name=name, holder=holder_of(port), port_base=place.port_base)


def holder_of(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _has_open(process, links=sockets):
            return _described(process)
    return "another program"


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def _listening(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _has_open(process: Path, *, links: set[str]) -> bool:
    try:
        return any(str(descriptor.readlink()) in links for descriptor in (process / "fd").iterdir())
    except OSError:
        return False


def _described(process: Path) -> str:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
        command = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"process {process.name}"
    for variable in variables:
        name, _, value = variable.decode(errors="replace").partition("=")
        if name == MARK:
            state = Path(value)
            return f"the Tremplin state '{state.name}' of {state.parent}"
    return f"process {process.name} ({command})"
