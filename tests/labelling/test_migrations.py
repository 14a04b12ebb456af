"""The schema that migrations make is the one that the tables describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.labelling.tables import metadata
from tests.support.cluster import Cluster


def _differences(connection: Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: name == "labelling" if kind == "schema" else True,
    }
    context = MigrationContext.configure(connection, opts=options)
    return [each for each in compare_metadata(context, metadata) if "alembic_version" not in str(each)]


async def test_tables_and_migrations_agree(cluster: Cluster, database: str) -> None:
    # With the service's own search path, its schema would be the nameless default one.
    engine = create_async_engine(
        cluster.url(database, role="labelling_owner"),
        connect_args={"server_settings": {"search_path": "public"}},
    )
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
    await engine.dispose()

    assert differences == []
