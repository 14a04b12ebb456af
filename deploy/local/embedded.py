"""The embedded stack as a whole: every check before the first process, then the start, then its use."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import lock, nats, ports, refusals, services
from deploy.local.display import display_for
from deploy.local.launcher import Launcher, see_off_leftovers
from deploy.local.parts import Part
from deploy.local.place import Place
from deploy.local.postgres import Postgres, check_version, find_binaries
from deploy.local.stack import Stack
from deploy.local.state import (
    Content,
    check_content,
    check_is_state,
    make_directory,
    passwords,
    read_content,
    record_content,
)
from deploy.local.unprivileged import Unprivileged, unprivileged

Use = Callable[[Launcher, Stack], Awaitable[int]]


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The binaries of this machine, checked."""

    postgres: Path
    postgres_major: int
    nats: Path
    user: Unprivileged


Compose = Callable[[Place, Programs], Sequence[Part]]


def find_programs(environment: Mapping[str, str]) -> Programs:
    """Find the servers and how to run them, or refuse."""
    if not sys.platform.startswith("linux"):
        raise refusals.not_linux(sys.platform)
    binaries = find_binaries(environment)
    return Programs(
        postgres=binaries,
        postgres_major=check_version(binaries),
        nats=nats.find_server(environment),
        user=unprivileged(),
    )


def servers_only(place: Place, programs: Programs) -> tuple[Part, ...]:
    """Postgres, the broker and the identity provider."""
    postgres = _postgres(place, programs)
    return (*postgres.parts(), nats.server(place, program=programs.nats), services.identity(place))


def everything(place: Place, programs: Programs) -> tuple[Part, ...]:
    """The whole stack."""
    return (*servers_only(place, programs), *services.service_parts(place, passwords=passwords(place)))


def start(
    place: Place, content: Content, *, programs: Programs, use: Use, compose: Compose = everything
) -> int:
    """Start, use, stop; the exit code is that of the use. A refusal comes before the first process."""
    pid = lock.holder(place)
    if pid is not None:
        raise refusals.already_running(place.state, pid=pid)
    check_is_state(place)
    check_content(place, content)
    programs.user.check_reaches(place.root.parent)
    programs.user.check_reaches(programs.postgres / "postgres")
    fresh = not place.directory.exists()
    make_directory(place)
    try:
        with lock.hold(place):
            return asyncio.run(_start(place, content, programs=programs, use=use, compose=compose))
    except refusals.Refused:
        if fresh:
            shutil.rmtree(place.directory)
        raise


async def _start(place: Place, content: Content, *, programs: Programs, use: Use, compose: Compose) -> int:
    await see_off_leftovers(place)
    postgres = _postgres(place, programs)
    postgres.check_major(programs.postgres_major)
    await postgres.leave_no_other()
    ports.check_free(place)
    record_content(place, content)
    nats.prepare(place)
    parts = compose(place, programs)
    launcher = Launcher(place, parts, display=display_for(place, parts=parts))
    return await launcher.run(lambda: use(launcher, stack_of(place, content)))


def stack_of(place: Place, content: Content) -> Stack:
    """What players are told."""
    held = read_content(place) or content
    return Stack(
        state=place.state,
        state_dir=place.directory,
        urls=place.urls,
        clients=services.clients(),
        fixture=held.fixture,
        seed=held.seed,
        plant=held.plant,
    )


def _postgres(place: Place, programs: Programs) -> Postgres:
    return Postgres(place=place, binaries=programs.postgres, user=programs.user, passwords=passwords(place))
