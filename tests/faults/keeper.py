"""The services' processes and their keeper, which starts again what dies, as a supervisor would."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import Child

RESTART_AFTER = 0.5
"""Seconds between a death and the next birth."""


@dataclass(kw_only=True)
class Kept:
    """One process: what it runs, and whether it lives."""

    name: str
    number: int
    """Its place among the ports."""
    service: str
    role: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    module: str = "shared.platform.serve"
    pid: int | None = None
    frozen: bool = False
    held: bool = False
    """Down until it is let go."""
    starts: int = 0
    killed: int = 0
    """How often we have killed it: a death beyond these is its own doing."""
    codes: list[int] = field(default_factory=list)

    @property
    def died_by_itself(self) -> int:
        """Deaths that nobody asked for."""
        return len(self.codes) - self.killed

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal; False when it is not alive."""
        if self.pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    def kill(self) -> bool:
        """SIGKILL, and the death is ours."""
        if self.signal(signal.SIGKILL):
            self.killed += 1
            self.frozen = False
            return True
        return False

    def freeze(self) -> bool:
        """SIGSTOP."""
        self.frozen = self.signal(signal.SIGSTOP)
        return self.frozen

    def thaw(self) -> None:
        """SIGCONT."""
        self.frozen = False
        self.signal(signal.SIGCONT)


class Keeper:
    """Forks the processes through one nursery and keeps them alive until told to stop."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._nursery: Child | None = None
        self._kept: dict[str, Kept] = {}
        self._jobs: dict[str, asyncio.Future[int]] = {}
        self._ready = asyncio.Event()
        self._stopping = False
        self._unread = b""
        self._restarts: set[asyncio.Task[None]] = set()

    @property
    def kept(self) -> list[Kept]:
        """All processes."""
        return list(self._kept.values())

    async def start(self, environment: Mapping[str, str]) -> None:
        """Load the platform."""
        self._nursery = Child(
            "nursery",
            (sys.executable, "-m", "tests.faults.nursery"),
            log=self._logs / "nursery.log",
            environment=environment,
            reports=True,
        )
        reports = self._nursery._process.stdout
        assert reports is not None
        os.set_blocking(reports.fileno(), False)
        asyncio.get_running_loop().add_reader(reports.fileno(), self._read, reports.fileno())
        await asyncio.wait_for(self._ready.wait(), 120)

    def keep(self, kept: Kept) -> None:
        """Start a process and keep it."""
        self._kept[kept.name] = kept
        self._order(kept)

    def dismiss(self, kept: Kept) -> None:
        """Kill a process for good."""
        self._kept.pop(kept.name)
        kept.kill()

    async def hold(self, kept: Kept) -> None:
        """Take a process down and leave it down, for a restore or a deploy."""
        kept.held = True
        kept.kill()
        while kept.pid is not None:
            await asyncio.sleep(0.02)

    def let_go(self, kept: Kept) -> None:
        """Start what was held."""
        kept.held = False
        self._order(kept)

    async def run(self, name: str, module: str, *arguments: str, environment: Mapping[str, str]) -> int:
        """Run a module once, with a log of that name; gives its exit code."""
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._jobs[name] = ended
        self._order(
            Kept(
                name=name,
                number=0,
                service="",
                role="",
                arguments=arguments,
                environment=environment,
                module=module,
            )
        )
        return await ended

    async def stop(self) -> None:
        """End every process at once: what they hold is durable or worthless."""
        self._stopping = True
        for task in self._restarts:
            task.cancel()
        for kept in self.kept:
            kept.signal(signal.SIGKILL)
        if self._nursery is not None:
            await self._nursery.stop(5)
            for stream in (self._nursery._process.stdin, self._nursery._process.stdout):
                assert stream is not None
                asyncio.get_running_loop().remove_reader(stream.fileno())
                stream.close()

    def _order(self, kept: Kept) -> None:
        assert self._nursery is not None
        stdin = self._nursery._process.stdin
        assert stdin is not None
        line = {
            "name": kept.name,
            "module": kept.module,
            "arguments": list(kept.arguments),
            "environment": dict(kept.environment),
            "log": str(self._logs / f"{kept.name}.log"),
        }
        kept.starts += 1
        stdin.write(json.dumps(line).encode() + b"\n")
        stdin.flush()

    def _read(self, descriptor: int) -> None:
        chunk = os.read(descriptor, 65536)
        if not chunk:
            asyncio.get_running_loop().remove_reader(descriptor)
            return
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            words = line.decode().split()
            if words == ["ready"]:
                self._ready.set()
            elif len(words) == 2:
                self._born(words[0], pid=int(words[1]))
            else:
                self._died(words[0], pid=int(words[1]), code=int(words[2]))

    def _born(self, name: str, *, pid: int) -> None:
        if name in self._kept:
            self._kept[name].pid = pid

    def _died(self, name: str, *, pid: int, code: int) -> None:
        if name in self._jobs:
            self._jobs.pop(name).set_result(code)
        kept = self._kept.get(name)
        if kept is None or kept.pid != pid:
            return
        kept.pid = None
        kept.frozen = False
        kept.codes.append(code)
        if not self._stopping:
            restart = asyncio.create_task(self._restart(kept))
            self._restarts.add(restart)
            restart.add_done_callback(self._restarts.discard)

    async def _restart(self, kept: Kept) -> None:
        await asyncio.sleep(RESTART_AFTER)
        if kept.name in self._kept and not kept.held and kept.pid is None:
            self._order(kept)
