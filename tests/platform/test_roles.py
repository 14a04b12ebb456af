"""Least privilege in the database: a service's roles see their own schema and cannot define anything."""

import asyncpg
import pytest

from shared.platform.topology import SPEAKERS
from tests.support.cluster import Cluster, password_of

KINDS = ("api", "worker", "owner")


async def connect(cluster: Cluster, database: str, *, role: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1", port=cluster.port, user=role, password=password_of(role), database=database
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("service", SPEAKERS)
async def test_a_role_cannot_read_another_services_tables(
    cluster: Cluster, database: str, *, service: str, kind: str
) -> None:
    connection = await connect(cluster, database, role=f"{service}_{kind}")
    try:
        assert await connection.fetchval("SELECT count(*) FROM event_log") == 0
        for other in set(SPEAKERS) - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval(f"SELECT count(*) FROM {other}.event_log")  # noqa: S608 - our own names
    finally:
        await connection.close()


@pytest.mark.parametrize("kind", ["api", "worker"])
@pytest.mark.parametrize("service", SPEAKERS)
async def test_a_runtime_role_cannot_define_or_change_tables(
    cluster: Cluster, database: str, *, service: str, kind: str
) -> None:
    connection = await connect(cluster, database, role=f"{service}_{kind}")
    try:
        for statement in (
            "CREATE TABLE planted (a int)",
            "CREATE TABLE public.planted (a int)",
            "ALTER TABLE event_log ADD COLUMN planted int",
            "DROP TABLE journal",
            f"GRANT {service}_owner TO {service}_{kind}",
        ):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError)):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SPEAKERS)
async def test_the_api_role_cannot_touch_cursors_and_positions(
    cluster: Cluster, database: str, *, service: str
) -> None:
    connection = await connect(cluster, database, role=f"{service}_api")
    try:
        for statement in (
            "UPDATE relay_cursor SET published_through = 0",
            "UPDATE intake_position SET last_seq = 0",
            "INSERT INTO parked_event VALUES ('x', 1, 1, 'x', 'x', '{}', 'x')",
            "UPDATE journal SET action = 'x'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("kind", ["api", "worker"])
async def test_a_runtime_role_cannot_rewrite_where_the_log_is(
    cluster: Cluster, database: str, *, kind: str
) -> None:
    connection = await connect(cluster, database, role=f"labelling_{kind}")
    try:
        for statement in (
            "UPDATE log_day SET day = day",
            "DELETE FROM log_day",
            "UPDATE log_archive SET dropped_at = now()",
            "DELETE FROM log_archive",
            "DELETE FROM event_log_unplanned",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_only_the_worker_plans_and_drops_days(cluster: Cluster, database: str) -> None:
    connection = await connect(cluster, database, role="labelling_api")
    try:
        for statement in ("SELECT plan_log_days(CURRENT_DATE, 1)", "SELECT drop_log_day(CURRENT_DATE, '{}')"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
