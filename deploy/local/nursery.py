"""The preloading process as the launcher sees it: it reports births and deaths of the services it forks."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGTERM

from deploy.local.processes import Child, Process

_CHUNK = 4096


class Nursery(Child):
    """One child of the launcher that forks several processes."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        names: Sequence[str],
    ) -> None:
        super().__init__(name, command, log=log, environment=environment, reports=True)
        loop = asyncio.get_running_loop()
        self._forked = {forked: loop.create_future() for forked in names}
        self._unread = b""
        assert self._process.stdout is not None  # noqa: S101 - the reports were asked for
        self._reports = self._process.stdout
        os.set_blocking(self._reports.fileno(), False)
        loop.add_reader(self._reports, self._read)

    async def forked(self, name: str) -> Process:
        """One of its processes, once it is born."""
        found: Process = await asyncio.shield(self._forked[name])
        return found

    async def all_born(self) -> bool:
        """Ready when the platform is loaded and every process is forked."""
        return all(birth.done() for birth in self._forked.values())

    def _read(self) -> None:
        chunk = os.read(self._reports.fileno(), _CHUNK)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            name, pid, *code = line.decode().split()
            if code:
                self._forked[name].result().ended(int(code[0]))
            else:
                log = self.log.with_name(f"{name}.log")
                self._forked[name].set_result(Process(name, pid=int(pid), log=log, stop_with=SIGTERM))
        if not chunk:
            self._closed()

    def _closed(self) -> None:
        """Its end is the end of all it has forked: they carry its death signal."""
        asyncio.get_running_loop().remove_reader(self._reports)
        self._reports.close()
        for birth in self._forked.values():
            if birth.done() and birth.result().code is None:
                birth.result().ended(-SIGTERM)
