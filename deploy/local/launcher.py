"""Brings the parts of a stack up as their dependencies allow, watches them, takes them down in reverse."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Any

from deploy.local import refusals
from deploy.local.display import Display
from deploy.local.nursery import Nursery
from deploy.local.parts import Job, Part, Server
from deploy.local.place import Place
from deploy.local.ports import MARK
from deploy.local.processes import Child, Process, kill, started_at, turn_over
from deploy.local.state import read_json

INTERRUPTED = 130

_POLL = 0.03
_LEAVING = 10.0
_JOB_GRACE = 3.0


class Launcher:
    """One start of one state. Children are made in the main thread only: their death signal hangs on it."""

    def __init__(self, place: Place, parts: Sequence[Part], *, display: Display) -> None:
        self._place = place
        self._parts = {part.name: part for part in parts}
        self._display = display
        self._children: dict[str, Process] = {}
        self._up = {name: asyncio.Event() for name in self._parts}
        self._asked_to_stop = asyncio.Event()
        self._idle = False

    async def run(self, use: Callable[[], Awaitable[int]]) -> int:
        """Start everything, use it, stop everything. The code is that of the use."""
        self._heed_signals()
        lives = [asyncio.create_task(self._live(part)) for part in self._parts.values()]
        failed = asyncio.gather(*lives)
        used = asyncio.create_task(self._use(use))
        asked = asyncio.create_task(self._asked_to_stop.wait())
        try:
            first: set[asyncio.Future[Any]] = {used, failed, asked}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if failed.done() and not used.done():
                await failed
            return await used if used.done() or self._idle else INTERRUPTED
        finally:
            tasks: list[asyncio.Future[Any]] = [failed, used, asked, *lives]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._display.close()
            await self._stop()

    async def until_asked(self) -> None:
        """Wait for Ctrl-C or `down`: from here on, to be stopped is to succeed."""
        self._idle = True
        await self._asked_to_stop.wait()

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for signal in (SIGINT, SIGTERM, SIGHUP):
            loop.add_signal_handler(signal, self._asked_to_stop.set)

    async def _use(self, use: Callable[[], Awaitable[int]]) -> int:
        for up in self._up.values():
            await up.wait()
        self._display.all_ready()
        return await use()

    async def _live(self, part: Part) -> None:
        for name in part.after:
            await self._up[name].wait()
        begun = time.monotonic()
        self._display.starting(part.name)
        if isinstance(part, Job):
            await self._work(part)
        else:
            await self._serve(part)
        self._display.ready(part.name, seconds=time.monotonic() - begun)
        self._up[part.name].set()
        if part.name in self._children:
            child = self._children[part.name]
            raise refusals.ended(part.name, code=await child.wait(), last_lines=child.last_lines())

    async def _serve(self, server: Server) -> None:
        child = await self._begin(server)
        self._children[server.name] = child
        self._note(f"{server.name} started, process {child.pid}")
        self._record()
        deadline = time.monotonic() + server.deadline
        ready = child.all_born if isinstance(child, Nursery) else server.ready
        while not await ready():
            if child.code is not None:
                raise refusals.ended(server.name, code=child.code, last_lines=child.last_lines())
            if time.monotonic() > deadline:
                raise refusals.not_ready(server.name, seconds=server.deadline, last_lines=child.last_lines())
            await asyncio.sleep(_POLL)

    async def _begin(self, server: Server) -> Process:
        if server.forked_by is not None:
            nursery = self._children[server.forked_by]
            assert isinstance(nursery, Nursery)  # noqa: S101 - a server that forks is begun as one
            nursery.feed()
            return await nursery.forked(server.name)
        log, environment = self._log(server.name), self._marked(server.environment)
        if server.forks:
            return Nursery(server.name, server.command, log=log, environment=environment, names=server.forks)
        child = Child(
            server.name, server.command, log=log, environment=environment, stop_with=server.stop_with
        )
        child.feed()
        return child

    async def _work(self, job: Job) -> None:
        async def run(command: Sequence[str], *, environment: Mapping[str, str], feed: str = "") -> None:
            child = Child(job.name, command, log=self._log(job.name), environment=self._marked(environment))
            child.feed(feed)
            try:
                code = await child.wait()
            finally:
                await child.stop(_JOB_GRACE)
            if code:
                raise refusals.ended(job.name, code=code, last_lines=child.last_lines())

        try:
            async with asyncio.timeout(job.deadline):
                await job.work(run)
        except TimeoutError:
            raise refusals.not_ready(job.name, seconds=job.deadline, last_lines=()) from None

    def _log(self, name: str) -> Path:
        log = self._place.log(name)
        turn_over(log)
        return log

    def _marked(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {**environment, MARK: str(self._place.directory)}

    def _record(self) -> None:
        """What `status` shows, and what the next start must see gone."""
        pids = {name: [child.pid, started_at(child.pid)] for name, child in self._children.items()}
        record = {"launcher": os.getpid(), "port_base": self._place.port_base, "processes": pids}
        draft = self._place.directory / "processes.draft"
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(self._place.directory / "processes.json")

    async def _stop(self) -> None:
        gone = {name: asyncio.Event() for name in self._parts}

        async def stop_one(part: Part) -> None:
            for other in self._parts.values():
                if part.name in other.after:
                    await gone[other.name].wait()
            child = self._children.get(part.name)
            if child is not None and isinstance(part, Server):
                asked = await child.stop(part.grace)
                self._note(f"{part.name} stopped{'' if asked else ' by force'}, code {child.code}")
            gone[part.name].set()

        self._note("stopping")
        await asyncio.gather(*(stop_one(part) for part in self._parts.values()))
        (self._place.directory / "processes.json").unlink(missing_ok=True)

    def _note(self, text: str) -> None:
        """Into the launcher's own log: the last line on the screen belongs to the player."""
        with self._place.log("launcher").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")


async def see_off_leftovers(place: Place) -> None:
    """Children of a launcher that was killed are ending by themselves: wait for them, then insist."""
    record = read_json(place.directory / "processes.json") or {}
    listed = list(record.get("processes", {}).values())
    deadline = time.monotonic() + _LEAVING
    while left := [pid for pid, start in listed if start is not None and started_at(pid) == start]:
        if time.monotonic() > deadline:
            for pid in left:
                kill(pid)
        await asyncio.sleep(_POLL)
