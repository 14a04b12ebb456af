"""An event loop of virtual time: the seed picks who goes next; of a dead or frozen process nothing runs."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from random import Random
from typing import Any, TypeVarTuple, Unpack, cast

Ts = TypeVarTuple("Ts")


class Life:
    """One run of one process, from its start until it is killed; what it spawns inherits it by context."""

    def __init__(self, service: str, *, number: int) -> None:
        self.service = service
        self.name = f"{service}#{number}"
        self.alive = True
        self.stopped: list[Step] | None = None
        """What is to run once it thaws; None while it is not frozen."""
        self.context = copy_context()
        self.context.run(LIFE.set, self)
        self.spoke = asyncio.Event()

    @property
    def frozen(self) -> bool:
        """Whether nothing of it runs for the time being."""
        return self.stopped is not None


LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class Stuck(Exception):
    """Nothing is ready, and no timer will ever make it so."""


class Step(asyncio.TimerHandle):
    """One callback, with the process it belongs to; leaner than the handle it stands for."""

    __slots__ = ("life", "run")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], *, context: Context | None
    ) -> None:
        context = copy_context() if context is None else context
        self.life = context.get(LIFE)
        self.run: Callable[[], object] = partial(context.run, callback, *args)
        self._cancelled = False

    def cancel(self) -> None:
        """Passed over when its time comes."""
        self._cancelled = True
        self.run = _nothing

    def cancelled(self) -> bool:
        return self._cancelled


def _nothing() -> None:
    """What a cancelled step does."""


class Work(asyncio.Task[Any]):
    """A task that hashes by its number: sets of tasks are walked in the same order in every run."""

    _log_destroy_pending: bool

    def __init__(self, coro: Coroutine[Any, Any, Any], *, number: int, **rest: Any) -> None:
        self._number = number
        super().__init__(coro, **rest)

    def __hash__(self) -> int:
        return self._number


class Loop(asyncio.AbstractEventLoop):
    """Runs one ready callback at a time, chosen by the seed; time jumps when none is ready."""

    def __init__(self, chance: Random) -> None:
        self._pick = chance.random
        self._ready: list[Step] = []
        self._timers: list[tuple[float, int, Step]] = []
        self._numbers = 0
        self._now = 0.0
        self.over = False
        """Set to end the run whatever is still to do."""
        self._tasks: list[Work] = []

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._now

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run until `main` has ended or the run is over, then take apart what is left. Raises Stuck."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(main)
            while not (task.done() or self.over):
                self._step()
            if task.done() and not self.over:
                task.result()
        finally:
            self._take_apart()
            asyncio._set_running_loop(None)

    def _step(self) -> None:
        ready = self._ready
        if not ready:
            self._jump()
        if (count := len(ready)) > 1:
            chosen = int(self._pick() * count)
            ready[chosen], ready[-1] = ready[-1], ready[chosen]
        step = ready.pop()
        life = step.life
        if life is None or (life.alive and life.stopped is None):
            step.run()
        elif life.alive and life.stopped is not None:
            life.stopped.append(step)

    def _jump(self) -> None:
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            raise Stuck
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(timers)[2])

    def thaw(self, life: Life) -> None:
        """What a frozen process had left to do is ready now."""
        self._ready += life.stopped or []
        life.stopped = None

    def _take_apart(self) -> None:
        """Close what was abandoned here: left to the collector, each would complain."""
        self._ready.clear()
        self._timers.clear()
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False
                # Whatever its `finally` meets in a world that is over: nobody is there to hear of it.
                with suppress(BaseException):
                    cast("Coroutine[Any, Any, Any]", task.get_coro()).close()
        self._tasks.clear()

    # What asyncio asks of a loop, and no more.

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        step = Step(callback, args, context=context)
        self._ready.append(step)
        return step

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        step = Step(callback, args, context=context)
        self._numbers += 1
        heapq.heappush(self._timers, (when, self._numbers, step))
        return step

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> Work:
        self._numbers += 1
        task = Work(coro, number=self._numbers, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """An error nobody asked for: it would pass unseen otherwise."""
        error = context.get("exception")
        if isinstance(error, Exception):
            raise error


def let_go(waiting: asyncio.Future[None]) -> None:
    """End a wait that may have ended already."""
    if not waiting.done():
        waiting.set_result(None)
