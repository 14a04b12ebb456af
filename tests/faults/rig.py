"""The stack under attack: servers, links, one process per role, a provisioner that runs again and again."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import nats
from nats.aio.client import Client

from deploy.local import embedded, services
from deploy.local import nats as local_nats
from deploy.local.embedded import Programs, find_programs
from deploy.local.parts import Job, Server
from deploy.local.place import HOST, SERVICES, STATES, Place
from deploy.local.processes import Child, tail
from deploy.local.state import make_directory, passwords
from shared.platform import topology
from tests.faults.keeper import Keeper, Kept
from tests.faults.proxy import Link
from tests.faults.servers import Nats, Postgres, Victim

Roster = Mapping[str, Sequence[str]]
"""Per service the roles of its processes, one process each."""

FULL: Roster = {
    "labelling": ("api", "relay"),
    "enrolment": ("api", "api", "relay", "relay", "intake", "intake"),
    "followup": ("api", "relay", "intake", "intake"),
    "indicators": ("api", "intake", "intake"),
}
SMALL: Roster = {
    "labelling": ("api", "relay"),
    "enrolment": ("api", "relay", "intake"),
    "followup": ("api", "relay", "intake"),
    "indicators": ("api", "intake"),
}
PROVISION_EVERY = 3.0
READY_WITHIN = 90.0
_BLOCK = 100
_BASES = range(20_100, 21_000, _BLOCK)
_PROCESS_PORTS, _LINK_PORTS = 10, 40


def free_block(bases: Sequence[int] = _BASES) -> int:
    """The first base whose hundred ports nobody holds; below the range from which the kernel draws."""
    start = os.getpid() % len(bases)
    for base in (*bases[start:], *bases[:start]):
        if all(map(_is_free, range(base, base + _BLOCK))):
            return base
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((HOST, port)) != 0


@dataclass
class Rig:
    """Everything that runs, and the handles by which it is broken."""

    place: Place
    roster: Roster
    postgres: Postgres
    nats: Nats
    identity: Victim
    keeper: Keeper
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    """By process name and server, `nats` or `postgres`."""
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _environment: dict[str, str] = field(default_factory=dict)
    _operations: int = 0
    keep_folder: bool = False
    """Whether data and logs stay for whoever has to find out why."""

    async def start(self, programs: Programs) -> None:
        """Bring everything up, in the order of need."""
        parts = {part.name: part for part in _parts(self.place, programs)}
        self._environment = _environment_of(parts["preload"])
        loading = asyncio.create_task(self.keeper.start(self._environment))
        await asyncio.gather(self._servers_up(parts), loading)
        await self.provision()
        for kept in self._processes():
            await self._link(kept)
            self.keeper.keep(kept)
        await self._ready()
        self._tasks.append(asyncio.create_task(self._provision_for_ever()))

    async def _servers_up(self, parts: Mapping[str, Job | Server]) -> None:
        await asyncio.gather(self._database_up(parts), self.nats.start(), self.identity.start())

    async def _database_up(self, parts: Mapping[str, Job | Server]) -> None:
        await self._work(parts["cluster"])
        await self.postgres.start()
        for name in ("schemas", "migrations"):
            await self._work(parts[name])

    async def stop(self) -> None:
        """End everything that this rig started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.keeper.stop()
        for link in self.links.values():
            await link.stop()
        await asyncio.gather(self.postgres.stop(), self.nats.stop(), self.identity.stop())

    def processes(self, role: str, *, service: str | None = None) -> list[Kept]:
        """The processes of a role."""
        return [
            kept
            for kept in self.keeper.kept
            if kept.role == role and (service is None or kept.service == service)
        ]

    def urls(self, service: str) -> list[str]:
        """Where a service's API answers, one address per replica."""
        return [url_of(kept) for kept in self.processes("api", service=service)]

    async def provision(self) -> bool:
        """Make what is missing of streams and consumers; False when the broker is away."""
        environment = self._environment | {
            "PROVISION_NATS_URL": f"nats://{HOST}:{self.place.ports['nats']}",
            "PROVISION_NATS_SEED_FILE": str(self.place.seed_file(topology.PROVISIONER)),
        }
        code = await self.keeper.run(
            "provisioner", "shared.platform.exchange.provision", environment=environment
        )
        return code == 0

    async def _provision_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PROVISION_EVERY)
            await self.provision()

    async def operate(self, *words: str) -> tuple[int, list[str]]:
        """Run an operators' command; gives its exit code and what it said."""
        self._operations += 1
        name = f"operators-{self._operations}"
        environment = dict(self._environment)
        for service in self.roster:
            feeds = {heard: self._feed(heard) for heard in topology.HEARS[service]}
            environment[f"{service.upper()}_FEED_URLS"] = json.dumps(feeds)
        code = await self.keeper.run(name, "shared.platform.operators", *words, environment=environment)
        return code, self.place.log(name).read_text(encoding="utf-8").splitlines()

    async def broker_client(self, identity: str) -> Client:
        """A connection to the broker under one of its identities, never through a link."""
        return await nats.connect(
            f"nats://{HOST}:{self.place.ports['nats']}",
            nkeys_seed=str(self.place.seed_file(identity)),
            inbox_prefix=topology.inbox_of(identity).encode(),
            connect_timeout=2,
            max_reconnect_attempts=3,
            error_cb=_said_by_the_call,
        )

    async def second_relay(self, service: str) -> Kept:
        """One more relay of a service, beside those it has."""
        taken = {kept.number for kept in self.keeper.kept}
        number = next(number for number in range(len(taken) + 1) if number not in taken)
        kept = self._process(service, "relay", number=number, ordinal=f"extra{number}")
        await self._link(kept)
        self.keeper.keep(kept)
        return kept

    async def without(self, kept: Kept) -> None:
        """Take a process away for good, with its links."""
        self.keeper.dismiss(kept)
        for server in ("nats", "postgres"):
            await self.links.pop((kept.name, server)).stop()

    def _processes(self) -> Iterator[Kept]:
        number = 0
        for service, roles in self.roster.items():
            for ordinal, role in enumerate(roles):
                yield self._process(service, role, number=number, ordinal=ordinal)
                number += 1

    def _process(self, service: str, role: str, *, number: int, ordinal: object) -> Kept:
        name = f"{service}-{role}-{ordinal}"
        base, prefix = self.place.port_base, service.upper()
        links = {"nats": base + _LINK_PORTS + 2 * number, "postgres": base + _LINK_PORTS + 2 * number + 1}
        settings = {
            "PORT": str(base + _PROCESS_PORTS + number),
            "ROLES": role,
            "POOL_SIZE": "4",
            "NATS_URL": f"nats://{HOST}:{links['nats']}",
            "FEED_URLS": json.dumps({heard: self._feed(heard) for heard in topology.HEARS[service]}),
        }
        direct = f"@{HOST}:{self.place.ports['postgres']}/"
        for url in ("DATABASE_URL", "WORKER_DATABASE_URL"):
            settings[url] = self._environment[f"{prefix}_{url}"].replace(
                direct, f"@{HOST}:{links['postgres']}/"
            )
        environment = self._environment | {f"{prefix}_{key}": value for key, value in settings.items()}
        for server, port in links.items():
            self.links[name, server] = Link(f"{name}/{server}", port=port, target=self.place.ports[server])
        return Kept(
            name=name,
            number=number,
            service=service,
            role=role,
            arguments=(service,),
            environment=environment,
        )

    def _feed(self, speaker: str) -> str:
        """Address of the first API process of a speaker: the roster alone decides its port."""
        number = 0
        for service, roles in self.roster.items():
            if service == speaker:
                return f"http://{HOST}:{self.place.port_base + _PROCESS_PORTS + number + roles.index('api')}"
            number += len(roles)
        raise KeyError(speaker)

    async def _link(self, kept: Kept) -> None:
        for server in ("nats", "postgres"):
            await self.links[kept.name, server].start()

    async def _ready(self) -> None:
        async with httpx.AsyncClient() as http, asyncio.timeout(READY_WITHIN):
            for kept in self.keeper.kept:
                while not await _answers(http, f"{url_of(kept)}/readyz"):
                    await asyncio.sleep(0.1)

    async def _work(self, part: Job | Server) -> None:
        assert isinstance(part, Job)

        async def run(command: Sequence[str], *, environment: Mapping[str, str], feed: str = "") -> None:
            log = self.place.log(part.name)
            child = Child(part.name, command, log=log, environment=environment)
            child.feed(feed)
            if await child.wait() != 0:
                message = f"{part.name}: {tail(log, count=20)}"
                raise RuntimeError(message)

        await part.work(run)


def _parts(place: Place, programs: Programs) -> Sequence[Job | Server]:
    return (
        *embedded.servers_only(place, programs),
        *services.service_parts(place, passwords=passwords(place)),
    )


def _environment_of(part: Job | Server) -> dict[str, str]:
    assert isinstance(part, Server)
    return dict(part.environment)


async def _said_by_the_call(_: Exception) -> None:
    """What goes wrong on a connection is raised by the call as well: the server is one of the victims."""


def url_of(kept: Kept) -> str:
    """Where a process answers, whatever its role."""
    return f"http://{HOST}:{kept.environment[f'{kept.service.upper()}_PORT']}"


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url, timeout=2)).is_success
    except httpx.HTTPError:
        return False


@asynccontextmanager
async def running_rig(
    *, state: str, roster: Roster = FULL, port_base: int | None = None
) -> AsyncIterator[Rig]:
    """A rig from start to end; its folder stays when the block fails or asks for it."""
    programs = find_programs(os.environ)
    place = Place(root=STATES, state=state, port_base=port_base or free_block())
    make_directory(place)
    local_nats.prepare(place)
    servers: dict[str, Any] = {
        part.name: part for part in embedded.servers_only(place, programs) if isinstance(part, Server)
    }
    rig = Rig(
        place=place,
        roster=roster,
        postgres=Postgres(servers["postgres"], place=place, password=passwords(place)["postgres"]),
        nats=Nats(servers["nats"], place=place),
        identity=Victim(servers["identity"], place=place),
        keeper=Keeper(place.logs),
    )
    try:
        await rig.start(programs)
        yield rig
    finally:
        await rig.stop()
    if not rig.keep_folder:
        shutil.rmtree(place.directory)


__all__ = ["FULL", "SERVICES", "SMALL", "Rig", "running_rig"]
