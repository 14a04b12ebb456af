"""The project's own processes: identity provider, migrations, provisioner, services, with their settings."""

import json
import os
import sys
from collections.abc import Mapping

from deploy.local.parts import Job, Part, Run, Server
from deploy.local.place import HOST, PROJECT, SERVICES, Place
from deploy.local.postgres import DATABASE
from deploy.local.probes import probe_of
from shared.platform.topology import HEARS, PROVISIONER

_PRELOAD = "preload"
CLIENTS_FILE = PROJECT / "deploy" / "identity" / "clients.json"


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The launcher's environment without what would divert our processes: libpq's defaults and a proxy."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PG")}
    local = ",".join(filter(None, (kept.get("NO_PROXY") or kept.get("no_proxy"), HOST, "localhost")))
    return kept | {"NO_PROXY": local, "no_proxy": local, "PYTHONUNBUFFERED": "1"}


def clients() -> dict[str, str]:
    """Secret of each client of the development identity provider."""
    listed = json.loads(CLIENTS_FILE.read_text(encoding="utf-8"))
    return {client["client_id"]: client["client_secret"] for client in listed}


def identity(place: Place) -> Server:
    """The development identity provider."""
    return Server(
        name="identity",
        command=_python("deploy.identity"),
        environment=inherited(os.environ)
        | {
            "IDENTITY_ENVIRONMENT": "development",
            "IDENTITY_HOST": HOST,
            "IDENTITY_PORT": str(place.ports["identity"]),
            "IDENTITY_ISSUER": place.urls["identity"],
            "IDENTITY_CLIENTS_FILE": str(CLIENTS_FILE),
            "IDENTITY_KEY_FILE": str(place.directory / "identity-key.json"),
        },
        ready=probe_of(place, "identity"),
        address=place.urls["identity"],
    )


def environment(place: Place, *, passwords: Mapping[str, str]) -> dict[str, str]:
    """The settings of every service."""
    everything = inherited(os.environ)
    for service in SERVICES:
        everything |= _settings(service, place=place, passwords=passwords)
    return everything


def service_parts(place: Place, *, passwords: Mapping[str, str]) -> tuple[Part, ...]:
    """Migrations, streams, services."""
    everything = environment(place, passwords=passwords)

    async def migrate(run: Run) -> None:
        await run(_python("shared.platform.migrate", *SERVICES), environment=everything)

    async def provision(run: Run) -> None:
        broker = {
            "PROVISION_NATS_URL": _nats_url(place),
            "PROVISION_NATS_SEED_FILE": str(place.seed_file(PROVISIONER)),
        }
        await run(_python("shared.platform.exchange.provision"), environment=inherited(os.environ) | broker)

    return (
        _preload(place, environment=everything),
        Job(name="migrations", work=migrate, after=("schemas",)),
        Job(name="streams", work=provision, after=("nats",)),
        *(_service(service, place=place) for service in SERVICES),
    )


def _preload(place: Place, *, environment: Mapping[str, str]) -> Server:
    return Server(
        name=_PRELOAD,
        command=_python("deploy.local.preload", str(place.logs), *SERVICES),
        environment=environment,
        ready=probe_of(place, _PRELOAD),
        address="",
        forks=SERVICES,
    )


def _service(service: str, *, place: Place) -> Server:
    return Server(
        name=service,
        command=(),
        ready=probe_of(place, service),
        address=place.urls[service],
        after=(_PRELOAD, "migrations", "streams"),
        forked_by=_PRELOAD,
        grace=15.0,
    )


def _settings(service: str, *, place: Place, passwords: Mapping[str, str]) -> dict[str, str]:
    issuer = place.urls["identity"]
    speaker = f"service-{service}"
    values = {
        "ENVIRONMENT": "development",
        "HOST": HOST,
        "PORT": str(place.ports[service]),
        "DATABASE_URL": _database_url(f"{service}_api", place=place, passwords=passwords),
        "WORKER_DATABASE_URL": _database_url(f"{service}_worker", place=place, passwords=passwords),
        "MIGRATION_DATABASE_URL": _database_url(f"{service}_owner", place=place, passwords=passwords),
        "NATS_URL": _nats_url(place),
        "NATS_SEED_FILE": str(place.seed_file(service)),
        "ISSUER": issuer,
        "JWKS_URL": f"{issuer}/jwks",
        "TOKEN_URL": f"{issuer}/token",
        "FEED_URLS": json.dumps({heard: place.urls[heard] for heard in HEARS[service]}),
        "FEED_CLIENT_ID": speaker,
        "FEED_CLIENT_SECRET": clients()[speaker],
        # The demo is one client that replays a year, and benches know no patience.
        **{f"RATE_{family}": "1000000" for family in ("READ", "WRITE", "BULK", "FAILURES")},
    }
    if os.environ.get("TRACES", "") not in {"", "0"}:
        values["TRACES_TO"] = (place.logs / f"{service}.traces").as_uri()
    return {f"{service.upper()}_{name}": value for name, value in values.items()}


def _database_url(role: str, *, place: Place, passwords: Mapping[str, str]) -> str:
    return f"postgresql+asyncpg://{role}:{passwords[role]}@{HOST}:{place.ports['postgres']}/{DATABASE}"


def _nats_url(place: Place) -> str:
    return f"nats://{HOST}:{place.ports['nats']}"


def _python(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *words)
