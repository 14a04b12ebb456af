-- Schemas and privileges of the current database, for roles that bootstrap.sql has made. It can be run again.
--
--   psql -X -v ON_ERROR_STOP=1 -d another_database -f deploy/postgres/grants.sql

\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
\gexec

CREATE TEMPORARY TABLE bootstrap_service (name text);
INSERT INTO bootstrap_service VALUES ('labelling'), ('enrolment'), ('followup'), ('indicators');

-- One line of the result is one statement per service: psql runs the columns from left to right.
SELECT
    format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', name, owner),
    format('ALTER SCHEMA %I OWNER TO %I', name, owner),
    format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', name),
    -- Where a projection is made again beside the live one, and where the former one waits to be forgotten.
    format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', name || '_next', owner),
    format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', name || '_before', owner),
    format('GRANT USAGE ON SCHEMA %I TO %s', name, runtime),
    format('GRANT CONNECT ON DATABASE %I TO %I, %s', current_database(), owner, runtime),
    format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON FUNCTIONS FROM PUBLIC', owner),
    format('%s GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %s', defaults, runtime),
    format('%s GRANT USAGE ON SEQUENCES TO %s', defaults, runtime),
    format('%s GRANT EXECUTE ON FUNCTIONS TO %s', defaults, runtime)
FROM bootstrap_service
CROSS JOIN LATERAL (
    SELECT
        name || '_owner' AS owner,
        format('%I, %I', name || '_api', name || '_worker') AS runtime,
        format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I', name || '_owner', name) AS defaults
) AS role
\gexec

DROP TABLE bootstrap_service;
