"""Roles and schemas: each role reaches its own schema, and nobody else's."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deploy.local.place import PROJECT, SERVICES
from deploy.local.postgres import DATABASE, client_environment, find_binaries
from deploy.local.state import passwords
from tests.support.embedded import Running

SCRIPTS = PROJECT / "deploy" / "postgres"
RUNTIME = [(service, kind) for service in SERVICES for kind in ("api", "worker")]
Planted = dict[str, str]


@asynccontextmanager
async def _connected(
    servers: Running, role: str, *, database: str = DATABASE
) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=servers.place.ports["postgres"],
        user=role,
        password=passwords(servers.place)[role],
        database=database,
    )
    try:
        yield connection
    finally:
        await connection.close()


def _psql(
    servers: Running, script: str, *, database: str, known: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    client = client_environment(
        servers.place, password=passwords(servers.place)["postgres"], database=database
    )
    return subprocess.run(
        [find_binaries(os.environ) / "psql", "-X", "-q", "-f", SCRIPTS / script],
        env=client | known,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
async def planted(servers: Running) -> Planted:
    """A table, a sequence and a function per service, made by its owner as a migration would."""
    for service in SERVICES:
        async with _connected(servers, f"{service}_owner") as owner:
            await owner.execute("CREATE TABLE IF NOT EXISTS planted (id serial PRIMARY KEY, word text)")
            await owner.execute(
                "CREATE OR REPLACE FUNCTION planted_words() RETURNS bigint LANGUAGE sql"
                " AS 'SELECT count(*) FROM planted'"
            )
    return {service: f"{service}.planted" for service in SERVICES}


@pytest.mark.parametrize(("service", "kind"), RUNTIME)
async def test_a_runtime_role_works_in_its_own_schema_only(
    servers: Running, planted: Planted, service: str, kind: str
) -> None:
    async with _connected(servers, f"{service}_{kind}") as connection:
        await connection.execute("INSERT INTO planted (word) VALUES ('own')")
        await connection.execute("UPDATE planted SET word = 'changed'")
        assert await connection.fetchval("SELECT planted_words()") > 0
        await connection.execute("DELETE FROM planted")
        for statement in (
            "CREATE TABLE t ()",
            "DROP TABLE planted",
            "TRUNCATE planted",
            "CREATE TABLE public.t ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        for other, table in planted.items():
            if other != service:
                for foreign in (f"SELECT FROM {table}", f"SELECT {other}.planted_words()"):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(foreign)


async def test_an_owner_reaches_no_other_schema(servers: Running, planted: Planted) -> None:
    async with _connected(servers, "labelling_owner") as connection:
        for statement in (
            f"SELECT FROM {planted['enrolment']}",
            "CREATE TABLE enrolment.t ()",
            "CREATE SCHEMA another",
            "CREATE TABLE public.t ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


@pytest.mark.parametrize(
    ("kind", "statement", "idle"), [("api", "10s", "10s"), ("worker", "1min", "10s"), ("owner", "0", "1min")]
)
async def test_each_kind_of_role_has_its_limits(
    servers: Running, kind: str, statement: str, idle: str
) -> None:
    async with _connected(servers, f"followup_{kind}") as connection:
        shown = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in (
                "search_path",
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
            )
        }
    assert shown == {
        "search_path": "followup",
        "lock_timeout": "2s",
        "statement_timeout": statement,
        "idle_in_transaction_session_timeout": idle,
    }


async def test_no_role_has_more_than_a_login(servers: Running) -> None:
    async with _connected(servers, "postgres") as connection:
        powerful = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname <> 'postgres'"
            " AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)"
        )
        made = await connection.fetchval(
            "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname ~ '_(owner|api|worker)$'"
        )
    assert (powerful, made) == ([], 12)


async def test_the_scripts_run_again_and_serve_another_database(servers: Running) -> None:
    known = {f"{role.upper()}_PASSWORD": password for role, password in passwords(servers.place).items()}
    assert _psql(servers, "bootstrap.sql", database=DATABASE, known=known).stderr == ""
    async with _connected(servers, "postgres") as connection:
        await connection.execute("DROP DATABASE IF EXISTS another WITH (FORCE)")
        await connection.execute("CREATE DATABASE another")
    granted = _psql(servers, "grants.sql", database="another", known={})
    assert (granted.returncode, granted.stderr) == (0, "")
    async with _connected(servers, "indicators_owner", database="another") as owner:
        await owner.execute("CREATE TABLE fresh ()")
    async with _connected(servers, "indicators_worker", database="another") as worker:
        await worker.execute("SELECT FROM fresh")


def test_no_role_is_made_without_its_password(servers: Running) -> None:
    refused = _psql(
        servers, "bootstrap.sql", database=DATABASE, known={"LABELLING_OWNER_PASSWORD": "only one"}
    )
    assert refused.returncode != 0
    assert "syntax error" in refused.stderr


def test_passwords_and_seeds_stay_out_of_logs_and_command_lines(servers: Running) -> None:
    secrets = [*passwords(servers.place).values()]
    secrets += [seed.read_text().strip() for seed in servers.place.nats.glob("seeds/*.seed")]
    secrets += [
        client["client_secret"]
        for client in json.loads((PROJECT / "deploy/identity/clients.json").read_text())
    ]
    logs = "".join(log.read_text() for log in servers.place.logs.glob("*.log")) + servers.said()
    assert [secret for secret in secrets if secret in logs] == []
