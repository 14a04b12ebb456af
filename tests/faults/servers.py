"""Postgres and NATS as victims: they are killed, wiped, set back and started again under everybody's feet."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from signal import SIGKILL, SIGQUIT

import asyncpg

from deploy.local.parts import Server
from deploy.local.place import HOST, Place
from deploy.local.postgres import DATABASE
from deploy.local.processes import Child, turn_over

START_WITHIN = 60.0


class Victim:
    """One server process of the rig."""

    def __init__(self, part: Server, *, place: Place) -> None:
        self.name = part.name
        self._part = part
        self._place = place
        self._child: Child | None = None
        self.turn = asyncio.Lock()
        """Held by who is doing something to this server: two at once would undo one another."""

    async def start(self) -> None:
        """Start (again) and wait until it serves."""
        log = self._place.log(self.name)
        turn_over(log)
        self._child = Child(
            self.name,
            self._part.command,
            log=log,
            environment=self._part.environment,
            stop_with=self._part.stop_with,
        )
        self._child.feed()
        deadline = time.monotonic() + START_WITHIN
        while not await self._part.ready():
            if self._child.code is not None or time.monotonic() > deadline:
                message = f"{self.name} did not start: {self._child.last_lines()}"
                raise RuntimeError(message)
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Ask it to end."""
        if self._child is not None:
            await self._child.stop(20)

    async def end_by(self, number: int) -> None:
        """Send a signal and wait for the end."""
        assert self._child is not None
        if self._child.code is None:
            os.kill(self._child.pid, number)
            await self._child.wait()


class Postgres(Victim):
    """The database server."""

    def __init__(self, part: Server, *, place: Place, password: str) -> None:
        super().__init__(part, place=place)
        self._password = password

    async def restart_immediately(self, *, down: float) -> None:
        """`pg_ctl stop -m immediate`, a pause, a start with crash recovery."""
        await self.end_by(SIGQUIT)
        await asyncio.sleep(down)
        await self.start()

    @property
    def superuser_url(self) -> str:
        """The same for SQLAlchemy."""
        address = f"{HOST}:{self._place.ports['postgres']}/{DATABASE}"
        return f"postgresql+asyncpg://postgres:{self._password}@{address}"

    async def superuser(self) -> asyncpg.Connection:
        """A connection that sees everything, for looking and for planting; never through a link."""
        return await asyncpg.connect(
            host=HOST,
            port=self._place.ports["postgres"],
            user="postgres",
            password=self._password,
            database=DATABASE,
            timeout=5,
        )


class Nats(Victim):
    """The broker, with its store and older copies of it."""

    @property
    def store(self) -> Path:
        """Folder of its streams."""
        return self._place.nats / "store"

    @property
    def _copy(self) -> Path:
        return self._place.nats / "old-copy"

    async def kill(self) -> None:
        """SIGKILL, as a power cut of its machine alone."""
        await self.end_by(SIGKILL)

    async def keep_copy(self) -> None:
        """Remember the store as it is; the server must be down."""
        shutil.rmtree(self._copy, ignore_errors=True)
        await asyncio.to_thread(shutil.copytree, self.store, self._copy)

    async def restore_copy(self) -> None:
        """Put the remembered store back; the server must be down."""
        self.wipe()
        await asyncio.to_thread(shutil.copytree, self._copy, self.store, dirs_exist_ok=True)

    def wipe(self) -> None:
        """Remove everything in the store, whether the server runs or not."""
        for _ in range(3):
            # A running server writes while we delete: what it made again goes in the next round.
            shutil.rmtree(self.store, ignore_errors=True)
        self.store.mkdir(mode=0o700, parents=True, exist_ok=True)
