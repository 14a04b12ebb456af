"""The verb `logs`: the end of each log, and with FOLLOW=1 what is added to any of them."""

import sys
import time
from pathlib import Path

from deploy.local.place import Place
from deploy.local.processes import tail

_LINES = 40
_PAUSE = 0.2


def show(place: Place, *, follow: bool) -> None:
    """Print, and go on until Ctrl-C if asked to."""
    read = {log: log.stat().st_size for log in _logs(place)}
    for log in read:
        _say(f"==> {log.stem} <==")
        for line in tail(log, count=_LINES):
            _say(line)
    try:
        while follow:
            time.sleep(_PAUSE)
            for log in _logs(place):
                read[log] = _say_added(log, start=read.get(log, 0))
    except KeyboardInterrupt:
        return


def _say_added(log: Path, *, start: int) -> int:
    """Print the whole lines after `start`; returns where the next reading begins."""
    # A log that has become smaller was turned over.
    begin = start if start <= log.stat().st_size else 0
    with log.open("rb") as stream:
        stream.seek(begin)
        whole = stream.read()
    whole = whole[: whole.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        _say(f"{log.stem:<12} {line}")
    return begin + len(whole)


def _logs(place: Place) -> list[Path]:
    return sorted(place.logs.glob("*.log"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
