"""One Postgres server per test run, migrated once; each test gets a copy of that database."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from signal import SIGINT

import asyncpg

from deploy.local.postgres import find_binaries
from deploy.local.processes import die_with_parent
from deploy.local.unprivileged import Unprivileged, unprivileged

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = ("labelling", "enrolment", "followup", "indicators")
TEMPLATE = "tremplin_template"
SUPERUSER_PASSWORD = "development-only-superuser"
_numbers = count(1)


def password_of(role: str) -> str:
    """Every role of the test server has an obvious password."""
    return f"development-only-{role}"


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Cluster:
    """A running server with the migrated template."""

    port: int

    def url(self, database: str, *, role: str) -> str:
        """SQLAlchemy address for a role."""
        return f"postgresql+asyncpg://{role}:{password_of(role)}@127.0.0.1:{self.port}/{database}"

    async def superuser(self, database: str = "postgres") -> asyncpg.Connection:
        """A connection that sees everything, for looking and for planting."""
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=SUPERUSER_PASSWORD, database=database
        )

    async def new_database(self, *, template: str = TEMPLATE) -> str:
        """A fresh copy of the template."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        connection = await self.superuser()
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY wal_log')
        finally:
            await connection.close()
        return name

    async def drop_database(self, name: str) -> None:
        """Forget a copy, whoever is still connected."""
        connection = await self.superuser()
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    def migration_environment(self, database: str) -> dict[str, str]:
        """Owner addresses for `shared.platform.migrate`."""
        return {
            f"{service.upper()}_MIGRATION_DATABASE_URL": self.url(database, role=f"{service}_owner")
            for service in SERVICES
        }


@contextmanager
def running_cluster(folder: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """Start a server in `folder`, make roles, schemas and the template; stop it at the end.

    Making and dropping a database per test would wait for the disk each time: only benches ask for `durable`.
    """
    binaries, user = find_binaries(os.environ), unprivileged()
    _initialise(folder, binaries=binaries, user=user)
    cluster = Cluster(free_port())
    settings = (
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        f"port={cluster.port}",
        "max_connections=200",
        "shared_buffers=128MB",
        f"fsync={'on' if durable else 'off'}",
    )
    options = [word for setting in settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*user.prefix, str(binaries / "postgres"), "-D", str(folder / "data"), *options],
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(SIGINT),  # noqa: PLW1509 - no thread of ours runs yet
        )
    try:
        _prepare(cluster, binaries)
        yield cluster
    finally:
        server.send_signal(SIGINT)
        server.wait(20)


def _initialise(folder: Path, *, binaries: Path, user: Unprivileged) -> None:
    data, password = folder / "data", folder / "password"
    for path in (folder, folder.parent):
        user.open_way(path)
    data.mkdir(mode=0o700)
    password.write_text(SUPERUSER_PASSWORD)
    for path in (data, password):
        user.give(path)
    _run(
        *user.prefix,
        str(binaries / "initdb"),
        *("-D", str(data), "-U", "postgres", "--no-sync", "--auth=scram-sha-256", f"--pwfile={password}"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"),
    )


def _prepare(cluster: Cluster, binaries: Path) -> None:
    environment = {
        "PATH": os.defpath,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGUSER": "postgres",
        "PGPASSWORD": SUPERUSER_PASSWORD,
    } | {
        f"{service}_{kind}_password".upper(): password_of(f"{service}_{kind}")
        for service in SERVICES
        for kind in ("owner", "api", "worker")
    }
    psql = (str(binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1")
    deadline = time.monotonic() + 30
    while True:
        probe = subprocess.run(
            [*psql, "-d", "postgres", "-c", f'CREATE DATABASE "{TEMPLATE}"'],
            env=environment,
            capture_output=True,
            check=False,
        )
        if probe.returncode == 0:
            break
        if time.monotonic() > deadline:
            raise RuntimeError(probe.stderr.decode())
        time.sleep(0.05)
    _run(*psql, "-d", TEMPLATE, "-f", str(PROJECT / "deploy/postgres/bootstrap.sql"), environment=environment)
    _run(
        sys.executable,
        *("-m", "shared.platform.migrate", *SERVICES),
        environment=dict(os.environ) | cluster.migration_environment(TEMPLATE),
    )


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{' '.join(command)}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
        raise RuntimeError(message)
