"""What a person sees while the year is replayed: bars on a terminal, one line per step anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]

_NAME: Final = 26


class Steps(Protocol):
    """Told of each step by the replay."""

    def step(self, name: str, *, total: int) -> AbstractContextManager[Advance]:
        """A step of so many things, told of each batch that is done."""
        ...

    def say(self, line: str) -> None:
        """A line between two steps."""
        ...


@contextmanager
def steps_on_stdout() -> Iterator[Steps]:
    """The display that suits the standard output."""
    if not sys.stdout.isatty():
        yield PlainSteps()
        return
    columns = (
        TextColumn(f"  {{task.description:<{_NAME}}}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    # By no thread of its own: what is drawn changes only when something was done.
    with Progress(*columns, console=Console(highlight=False), auto_refresh=False) as progress:
        yield Bars(progress)


class PlainSteps:
    """One line per step, when it is done."""

    @contextmanager
    def step(self, name: str, *, total: int) -> Iterator[Advance]:
        """Say how many there were and how long it took."""
        begun = time.monotonic()
        yield lambda _: None
        self.say(f"  {name:<{_NAME}} {total:>6,} {time.monotonic() - begun:6.1f} s")

    def say(self, line: str) -> None:
        """A line, at once."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


class Bars:
    """One bar per step; they stay once they are full."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, name: str, *, total: int) -> Iterator[Advance]:
        """Draw the bar anew at each advance."""
        task = self._progress.add_task(name, total=total)

        def advance(done: int) -> None:
            self._progress.update(task, advance=done, refresh=True)

        self._progress.refresh()
        yield advance
        self._progress.update(task, completed=total, refresh=True)

    def say(self, line: str) -> None:
        """A line above the bars."""
        self._progress.console.print(line, soft_wrap=True, markup=False)
