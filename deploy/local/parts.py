"""What a stack is made of: servers that stay and jobs that end, each with what it must wait for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from signal import SIGTERM, Signals
from typing import Protocol

from deploy.local.probes import Probe


class Run(Protocol):
    """Runs one command of a job to its end, with its output in the job's log; a failure ends the start."""

    async def __call__(
        self, command: Sequence[str], *, environment: Mapping[str, str], feed: str = ""
    ) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Server:
    """A process that stays up until the stack is stopped."""

    name: str
    command: Sequence[str]
    ready: Probe
    address: str
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    forks: tuple[str, ...] = ()
    """Servers that this one forks, and lets go on when the first of them may start."""
    forked_by: str | None = None
    stop_with: Signals = SIGTERM
    grace: float = 10.0
    deadline: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A step of the start that comes to an end."""

    name: str
    work: Callable[[Run], Awaitable[None]]
    after: tuple[str, ...] = ()
    deadline: float = 180.0


Part = Server | Job
