"""How long a call may take: those under way are looked at together, which costs a call next to nothing."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Final, TypeVar

LOOK_EVERY: Final = 1.0

Answer = TypeVar("Answer")


class Deadlines:
    """The calls under way in one process, and when each has to be over.

    A timer of its own for each call would cost a tenth of what the framework takes for an answer
    (`make bench BENCH=edge`).
    """

    def __init__(self, *, look_every: float = LOOK_EVERY) -> None:
        self._look_every = look_every
        self._over_at: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._looking = False

    async def keep(self, call: Awaitable[Answer], *, seconds: float) -> Answer:
        """The call's answer. Raises TimeoutError, at most a look later than its time, with the call cancelled."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._over_at[task] = time.monotonic() + seconds
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(self._look_every, self._look)
        try:
            return await call
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._over_at[task]
            self._late.discard(task)

    def _look(self) -> None:
        now = time.monotonic()
        for task, over_at in self._over_at.items():
            if now > over_at and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._looking = bool(self._over_at)
        if self._looking:
            asyncio.get_running_loop().call_later(self._look_every, self._look)
