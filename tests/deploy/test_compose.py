"""Compose: every check of deploy/ passes, sees its planted fault, and what can run here is run."""

import json
import os
import shutil
import subprocess
import sysconfig
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from deploy.check import compose, generated, proxy, stack, tools, variables
from deploy.check.__main__ import CHECKS, ROOT, run
from deploy.compose import broker
from deploy.keycloak import realm
from deploy.local.postgres import DATABASE, client_environment, find_binaries
from deploy.local.state import passwords
from shared.platform.topology import PROVISIONER, SPEAKERS, inbox_of
from tests.support.cluster import free_port
from tests.support.embedded import Running

STORES = "deploy/compose/stores.yml"
GUARD = ROOT / "deploy/compose/refuse-development-secrets.sh"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the checks read, to plant faults in."""
    for folder in ("compose", "env", "image", "keycloak", "postgres", "proxy"):
        shutil.copytree(ROOT / "deploy" / folder, tmp_path / "deploy" / folder)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("docker-compose.yml", ".dockerignore", "deploy/Dockerfile"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _plant(root: Path, place: str, *, old: str, new: str) -> None:
    text = (root / place).read_text(encoding="utf-8")
    assert old in text, f"{place} no longer says {old!r}"
    (root / place).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_passes(name: str) -> None:
    assert CHECKS[name](ROOT) == []


MAIN, EXAMPLE = stack.MAIN, variables.EXAMPLE
KIND = "${NATS_SEED_KIND:-development-only}"

# Check, file, what it says, what it says once the fault is planted, words of the complaint.
PLANTS = {
    "a misspelt key": (tools.compose_specification, MAIN, "restart:", "restrat:", "restrat"),
    "no health": (compose.health, STORES, "healthcheck: {test: [CMD, pg", "x-c: {test: [CMD, pg", "postgres: neither"),
    "an end not awaited": (compose.waiting, MAIN, "streams: {condition: service_completed_successfully",
                           "streams: {condition: service_healthy", "must wait for nats-streams"),
    "a wait for nobody": (compose.waiting, STORES, "{postgres: {cond", "{postgress: {cond", "does not exist"),
    "a capability": (compose.hardening, MAIN, "cap_drop: [ALL]", "cap_drop: []", "keeps capabilities"),
    "privileges": (compose.hardening, STORES, '["no-new-privileges:true"]', "[]", "may gain privileges"),
    "a writable root": (compose.hardening, STORES, "{tremplin.w", "{w", "keycloak: its root is writable"),
    "root": (compose.hardening, MAIN, 'user: "101:101"', "", "proxy: no user"),
    "the host": (compose.hardening, STORES, "networks: [broker]", "network_mode: host", "nats: shares the host"),
    "an open database": (compose.publication, STORES, "shm_size: 256m", 'ports: ["5432:5432"]', "postgres: publishes"),
    "an open proxy": (compose.publication, MAIN, "ADDRESS:-127.0.0.1", "ADDRESS:-0.0.0.0", "to the world"),
    "a way out": (compose.publication, STORES, "data: {internal: true}", "data: {}", "network data leads out"),
    "no network": (compose.publication, STORES, "    networks: [broker]\n", "", "nats: is on the default network"),
    "a lost file": (compose.paths, STORES, "./keycloak.sql:", "./keycloack.sql:", "keycloack.sql is missing"),
    "a lost context": (compose.paths, MAIN, "dockerfile: deploy/", "dockerfile: deplou/", "is missing"),
    "a lost secret": (compose.paths, MAIN, "secrets}/", "secret}/", "secret labelling-seed"),
    "the latest image": (compose.images, STORES, "postgres:18", "postgres:latest", "has no version"),
    "an unknown variable": (variables.documented, MAIN, "${PROXY_PORT:-", "${PORT:-", "PORT: not in"),
    "an idle variable": (variables.documented, EXAMPLE, "LOG_LEVEL=", "IDLE=1\nLOG_LEVEL=", "IDLE: in"),
    "another default": (variables.documented, EXAMPLE, "PROXY_PORT=8080", "PROXY_PORT=80", "PROXY_PORT: deploy"),
    "two defaults": (variables.documented, STORES, "ENVIRONMENT:-development", "ENVIRONMENT:-test", "several defaults"),
    "an unmarked secret": (variables.marked, STORES, ":-development-only-postgres", ":-pg", "POSTGRES_PASSWORD: its"),
    "an unguarded secret": (variables.guarded, STORES, f"KIND: {KIND}", "KIND: x", "NATS_SEED_KIND: secrets-guard"),
    "no guard before": (variables.guarded, STORES, "depends_on: {nats-s", "labels: {nats-s", "nats: starts without"),
    "an invented setting": (variables.settings_named, "deploy/env/labelling.env.example", "LABELLING_HOST",
                            "LABELLING_HOTS", "LABELLING_HOTS is no setting"),
    "a hidden setting": (variables.settings_named, "deploy/env/followup.env.example", "FOLLOWUP_ROLES=", "#",
                         "FOLLOWUP_ROLES is not shown"),
    "a setting not given": (variables.settings_named, MAIN, "FOLLOWUP_ISSUER:", "FOLLOWUP_POOL_SIZE:", "_ISSUER"),
    "a setting unknown": (variables.settings_named, MAIN, "LABELLING_PORT:", "LABELLING_PROT:", "LABELLING_PROT"),
    "another key": (variables.broker_keys, STORES, "KEY:-UD", "KEY:-UX", "not the key of development-only-labelling"),
    "an edit": (generated.up_to_date, "deploy/compose/nats.conf", "evt.labelling.>", "evt.>", "nats.conf: differs"),
    "a lone header": (proxy.headers_in_one_place, "deploy/proxy/nginx.conf", "set $part identity;",
                      "proxy_set_header A b;", "below the http level"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_seen(copy: Path, name: str) -> None:
    check, place, old, new, words = PLANTS[name]
    assert check(copy) == [], "the copy is sound before the plant"

    _plant(copy, place, old=old, new=new)

    assert any(words in fault for fault in check(copy)), check(copy)


def test_a_service_that_cannot_be_imported_is_a_fault(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "SPEAKERS", ("astrology",))
    (copy / "deploy/env/astrology.env.example").write_text("ASTROLOGY_HOST=x\n", encoding="utf-8")

    assert variables.settings_named(copy) == ["services.astrology.settings cannot be imported"]


def test_a_missing_tool_is_a_fault(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(copy / "nowhere"))

    assert tools.dockerfile_lint(copy) == ["hadolint is not installed in this environment"]


def test_one_failure_fails_the_run(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _plant(copy, STORES, old="postgres:18", new="postgres:latest")

    assert run(copy, checks={"images have a version": compose.images, "paths exist": compose.paths}) == 1
    assert capsys.readouterr().out.endswith("check-deploy: 1 of 2 checks failed\n")


# What runs without a container engine.


def _guard(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(GUARD)],
        env={"PATH": os.defpath} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_guard_lets_development_pass() -> None:
    assert _guard(ENVIRONMENT="development", POSTGRES_PASSWORD="development-only-postgres").returncode == 0


def test_the_guard_lets_production_pass_with_its_own_secrets() -> None:
    assert _guard(ENVIRONMENT="production", POSTGRES_PASSWORD="a3f0").returncode == 0


@pytest.mark.parametrize("value", ["development-only-postgres", "x-development-only-x"])
def test_the_guard_names_what_it_refuses_and_shows_no_value(value: str) -> None:
    done = _guard(ENVIRONMENT="production", POSTGRES_PASSWORD=value, OTHER="a3f0")

    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["POSTGRES_PASSWORD"]


def _default_environment(service: str) -> dict[str, str]:
    part = stack.part(ROOT, service)
    assert part is not None
    return {name: stack.with_defaults(value) for name, value in part.definition["environment"].items()}


@pytest.fixture
def broker_url(tmp_path: Path) -> Iterator[str]:
    """The broker as compose configures it, on a port and in a folder of this test."""
    port = free_port()
    text = (ROOT / "deploy/compose/nats.conf").read_text(encoding="utf-8")
    for old, new in {
        f"{broker.HOST}:{broker.PORT}": f"127.0.0.1:{port}",
        f"{broker.HOST}:{broker.MONITORING_PORT}": f"127.0.0.1:{free_port()}",
        f'"{broker.STORE}"': json.dumps(str(tmp_path)),
    }.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "nats.conf").write_text(text, encoding="utf-8")
    program = Path(sysconfig.get_path("scripts")) / "nats-server"
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-c", tmp_path / "nats.conf"], env=_default_environment("nats"), stdout=log, stderr=log
        )
    yield f"nats://127.0.0.1:{port}"
    server.terminate()
    server.wait(10)


async def _enter(url: str, *, seed: Path, identity: str) -> None:
    """Connect and leave. Raises nats.errors.Error when the broker refuses."""
    deadline = time.monotonic() + 10
    while True:
        client = Client()
        try:
            await client.connect(
                url, nkeys_seed=str(seed), inbox_prefix=inbox_of(identity).encode(), allow_reconnect=False
            )
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
        finally:
            await client.close()


async def test_the_broker_knows_the_development_seeds_and_no_other(broker_url: str, tmp_path: Path) -> None:
    for identity in (PROVISIONER, *SPEAKERS):
        seed = ROOT / "deploy/compose/development-secrets" / broker.seed_name(identity)
        await _enter(broker_url, seed=seed, identity=identity)

    stranger = tmp_path / "stranger.nk"
    stranger.write_text(broker.development_seed("stranger"), encoding="utf-8")
    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        await _enter(broker_url, seed=stranger, identity=PROVISIONER)


def _prepare_keycloak(servers: Running, **environment: str) -> int:
    known = client_environment(
        servers.place, password=passwords(servers.place)["postgres"], database=DATABASE
    )
    script = ROOT / "deploy/compose/keycloak.sql"
    psql = [str(find_binaries(os.environ) / "psql"), "-X", "-v", "ON_ERROR_STOP=1", "-f", str(script)]
    return subprocess.run(psql, env=known | environment, check=False, capture_output=True).returncode


async def test_keycloak_has_a_database_of_its_own_and_sees_no_other(servers: Running) -> None:
    assert _prepare_keycloak(servers, KEYCLOAK_DATABASE_PASSWORD="first") == 0
    assert _prepare_keycloak(servers, KEYCLOAK_DATABASE_PASSWORD="second") == 0
    assert _prepare_keycloak(servers) != 0, "a role without a password"

    address = f"postgresql://keycloak:second@127.0.0.1:{servers.place.ports['postgres']}"
    connection = await asyncpg.connect(f"{address}/keycloak")
    await connection.execute("CREATE TABLE public.own ()")
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(f"{address}/{DATABASE}")


class _Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _keycloak_answering(status: int) -> Iterator[int]:
    handler = type("Handler", (_Health,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_of_keycloak_reads_the_status(status: int, *, healthy: bool) -> None:
    part = stack.part(ROOT, "keycloak")
    assert part is not None
    command = [word.replace("$$", "$") for word in part.definition["healthcheck"]["test"][1:]]
    with _keycloak_answering(status) as port:
        command[-1] = command[-1].replace("/9000", f"/{port}")
        done = subprocess.run(command, check=False, capture_output=True, timeout=10)

    assert (done.returncode == 0) == healthy


def test_the_realm_of_production_has_only_the_services_and_no_secret() -> None:
    text = realm.render(development=False)

    assert {client["clientId"] for client in json.loads(text)["clients"]} == {
        f"service-{name}" for name in SPEAKERS
    }
    assert "development-only" not in text


def test_a_client_of_the_realm_carries_the_claims_of_the_development_provider() -> None:
    made = {client["clientId"]: client for client in json.loads(realm.render(development=True))["clients"]}
    holder = made["holder-01"]
    claims = {
        mapper["config"]["claim.name"]: mapper["config"]["claim.value"]
        for mapper in holder["protocolMappers"]
    }

    assert claims == {
        "sub": "holder-01",
        "client_id": "holder-01",
        "env": "${ENVIRONMENT}",
        "org": "000000018",
    }
    assert holder["attributes"]["access.token.header.type.rfc9068"] == "true"
    assert holder["attributes"]["access.token.signed.response.alg"] == "ES256"
    assert "enrolment:write" in holder["defaultClientScopes"]


@pytest.mark.skipif(
    not proxy.can_run(), reason="nginx comes from the system, not from a lock; deploy.check says so too"
)
def test_the_proxy_passes_caps_and_hides_what_it_should(copy: Path) -> None:
    assert proxy.behaviour(ROOT) == []

    _plant(
        copy,
        "deploy/proxy/nginx.conf",
        old="(metrics|exchangez|v1/events(/.*)?)$",
        new="(metrics|exchangez)$",
    )
    _plant(copy, "deploy/proxy/nginx.conf", old="client_max_body_size 5m", new="client_max_body_size 6m")
    _plant(copy, "deploy/proxy/nginx.conf", old="client_max_body_size 257m", new="client_max_body_size 39m")
    assert [fault.split(":")[0] for fault in proxy.behaviour(copy)] == [
        "/enrolment/v1/events?partition=1", "/enrolment//v1/events", "/enrolment/v1/events/heard", "/enrolment/v1/x",
        "/labelling/v1/imports/x", "/enrolment/v1/holders/000000018/imports/ends",
        "/followup/v1/imports/outcomes?lot=x",
    ]  # fmt: skip
