"""The schema of each service: made, undone and made again by its migrations, and the one its code declares."""

import asyncio

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Column, Integer

from shared.platform.migrations import config_of
from shared.platform.revisions import head_of
from shared.platform.topology import SPEAKERS
from tests.support.cluster import Cluster


def config(service: str, cluster: Cluster, *, database: str) -> Config:
    return config_of(service, url=cluster.url(database, role=f"{service}_owner"))


async def tables(service: str, cluster: Cluster, *, database: str) -> set[str]:
    connection = await cluster.superuser(database)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


@pytest.mark.parametrize("service", SPEAKERS)
async def test_a_schema_can_be_undone_and_made_again(service: str, cluster: Cluster, database: str) -> None:
    made = await tables(service, cluster, database=database)
    assert {"event_log", "event_counter", "intake_position", "journal"} < made
    settings = config(service, cluster, database=database)
    await asyncio.to_thread(command.downgrade, settings, "base")
    assert await tables(service, cluster, database=database) == {"alembic_version"}
    await asyncio.to_thread(command.upgrade, settings, "head")
    assert await tables(service, cluster, database=database) == made


@pytest.mark.parametrize("service", SPEAKERS)
async def test_the_code_declares_the_schema_that_the_migrations_make(
    service: str, cluster: Cluster, database: str
) -> None:
    await asyncio.to_thread(command.check, config(service, cluster, database=database))


async def test_a_column_without_a_migration_is_noticed(cluster: Cluster, database: str) -> None:
    from services.enrolment.tables import metadata  # noqa: PLC0415 - planted on, then cleaned

    table = metadata.tables["enrolment.event_counter"]
    column: Column[int] = Column("planted", Integer)
    table.append_column(column)
    try:
        with pytest.raises(CommandError, match="planted"):
            await asyncio.to_thread(command.check, config("enrolment", cluster, database=database))
    finally:
        table._columns.remove(column)


@pytest.mark.parametrize("service", SPEAKERS)
def test_the_head_is_the_one_the_migration_tool_finds(service: str) -> None:
    assert head_of(service) == ScriptDirectory.from_config(config_of(service)).get_current_head()
