"""What a person sees while the stack starts: a live table on a terminal, plain lines anywhere else."""

import sys
import time
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy.local.parts import Part, Server
from deploy.local.place import Place


class Display(Protocol):
    """Told of each step by the launcher."""

    def starting(self, name: str) -> None: ...
    def ready(self, name: str, *, seconds: float) -> None: ...
    def all_ready(self) -> None: ...
    def close(self) -> None: ...


def display_for(place: Place, *, parts: Sequence[Part]) -> Display:
    """The display that suits the standard output."""
    console = Console(highlight=False)
    console.print(
        f"Starting Tremplin, state '{place.state}', ports {place.port_base} to {max(place.ports.values())}.",
        soft_wrap=True,
    )
    return LiveTable(parts, console=console) if sys.stdout.isatty() else PlainLines(parts)


class PlainLines:
    """One line per part, when it is ready."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._addresses = _addresses(parts)
        self._begun = time.monotonic()

    def starting(self, name: str) -> None:
        """Nothing to say yet."""

    def ready(self, name: str, *, seconds: float) -> None:
        """The part's line."""
        self._say(f"  {name:<12} ready {seconds:5.1f} s   {self._addresses[name]}")

    def all_ready(self) -> None:
        """The last line."""
        self._say(f"Ready after {time.monotonic() - self._begun:.1f} s.")

    def close(self) -> None:
        """Nothing to put back."""

    @staticmethod
    def _say(line: str) -> None:
        sys.stdout.write(line.rstrip() + "\n")
        sys.stdout.flush()


class LiveTable:
    """A table that is drawn again at each step; by no thread, since a fork copies none."""

    def __init__(self, parts: Sequence[Part], *, console: Console) -> None:
        self._addresses = _addresses(parts)
        self._states = dict.fromkeys(self._addresses, "[dim]waiting[/dim]")
        self._begun = time.monotonic()
        self._console = console
        self._live = Live(self._table(), console=console, auto_refresh=False)
        self._live.start()

    def starting(self, name: str) -> None:
        """Mark the part as under way."""
        self._change(name, state="[yellow]starting[/yellow]")

    def ready(self, name: str, *, seconds: float) -> None:
        """Mark the part as ready."""
        self._change(name, state=f"[green]ready[/green] {seconds:.1f} s")

    def all_ready(self) -> None:
        """Leave the table on the screen."""
        self.close()
        self._console.print(f"Ready after {time.monotonic() - self._begun:.1f} s.")

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()

    def _change(self, name: str, *, state: str) -> None:
        self._states[name] = state
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, state in self._states.items():
            table.add_row(name, state, self._addresses[name])
        return table


def _addresses(parts: Sequence[Part]) -> dict[str, str]:
    return {part.name: part.address if isinstance(part, Server) else "" for part in parts}
