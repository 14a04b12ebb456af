"""Moves the day that the log of a test believes in; the database's own clock stays as it is."""

from datetime import date

from tests.support.cluster import Cluster

# A role that looks into its schema before it looks among the built-in functions finds this clock there.
_SHADOW = """
CREATE TABLE IF NOT EXISTS {s}.clock_of_test (ahead interval NOT NULL);
CREATE OR REPLACE FUNCTION {s}.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT pg_catalog.statement_timestamp() + coalesce((SELECT sum(ahead) FROM {s}.clock_of_test), interval ''0'')';
GRANT SELECT ON {s}.clock_of_test TO {s}_api, {s}_worker;
GRANT EXECUTE ON FUNCTION {s}.statement_timestamp() TO {s}_api, {s}_worker;
ALTER ROLE {s}_api IN DATABASE "{database}" SET search_path = {s}, pg_catalog;
ALTER ROLE {s}_worker IN DATABASE "{database}" SET search_path = {s}, pg_catalog;
"""


async def shadow_clock(cluster: Cluster, database: str, *, service: str) -> None:
    """Give a service's log a clock that can be moved; for connections that are opened afterwards."""
    connection = await cluster.superuser(database)
    try:
        await connection.execute(_SHADOW.format(s=service, database=database))
    finally:
        await connection.close()


async def advance_days(cluster: Cluster, database: str, *, service: str, days: int) -> date:
    """Move it on, and say which day it is now."""
    connection = await cluster.superuser(database)
    try:
        await connection.execute(
            f"INSERT INTO {service}.clock_of_test VALUES (make_interval(days => $1))",  # noqa: S608 - our own name
            days,
        )
        today: date = await connection.fetchval(
            f"SELECT ({service}.statement_timestamp() AT TIME ZONE 'UTC')::date"
        )
        return today
    finally:
        await connection.close()
