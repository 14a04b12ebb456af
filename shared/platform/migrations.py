"""Alembic for one service: its own schema, its own version table, an advisory lock, a lock timeout."""

import asyncio
from functools import partial
from pathlib import Path

from alembic import context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = 0x7472656D  # one number for all: migrations of one database run one after another


def config_of(service: str, *, url: str = "") -> Config:
    """Alembic configuration of a service, without an ini file."""
    config = Config()
    config.set_main_option(
        "script_location", str(_ROOT / "services" / service / "migrations").replace("%", "%%")
    )
    config.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    config.set_main_option("timezone", "UTC")
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    config.attributes["service"] = service
    return config


def run(metadata: MetaData) -> None:
    """Body of each service's `env.py`."""
    service: str = context.config.attributes["service"]
    asyncio.run(_run_online(service, metadata, url=context.config.attributes["url"]))


async def _run_online(service: str, metadata: MetaData, *, url: str) -> None:
    # A migration waits little for a lock, so that it never queues the whole service behind it. Without the role's
    # search path the schema is named everywhere, as the tables name it: otherwise the check would compare two names.
    limits = {"lock_timeout": "5s", "statement_timeout": "0", "search_path": "public"}
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": limits})
    async with engine.connect() as connection:
        await connection.run_sync(partial(_migrate, service=service, metadata=metadata))
    await engine.dispose()


def _migrate(connection: Connection, *, service: str, metadata: MetaData) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    # The lock belongs to the session and outlives the transaction that this ends.
    connection.rollback()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=service,
        include_schemas=True,
        include_name=partial(_is_ours, service=service),
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _is_ours(name: str | None, kind: str, _parents: object, *, service: str) -> bool:
    """Days of the log come and go while the service runs: they are not declared."""
    if kind == "schema":
        return name == service
    return not (kind == "table" and str(name).startswith("event_log_"))
