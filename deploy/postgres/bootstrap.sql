-- Roles, their limits and their schemas; the only script that a superuser ever runs.
--
--   psql -X -v ON_ERROR_STOP=1 -d tremplin -f deploy/postgres/bootstrap.sql
--
-- It can be run again at any time. The twelve passwords come from psql variables (labelling_owner_password, ...) or,
-- where a variable is not set, from the environment (LABELLING_OWNER_PASSWORD, ...): neither shows in a process list.
-- Roles belong to the whole server; what belongs to one database is in grants.sql, which a further database runs alone.

\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;

\getenv labelling_owner_password LABELLING_OWNER_PASSWORD
\getenv labelling_api_password LABELLING_API_PASSWORD
\getenv labelling_worker_password LABELLING_WORKER_PASSWORD
\getenv enrolment_owner_password ENROLMENT_OWNER_PASSWORD
\getenv enrolment_api_password ENROLMENT_API_PASSWORD
\getenv enrolment_worker_password ENROLMENT_WORKER_PASSWORD
\getenv followup_owner_password FOLLOWUP_OWNER_PASSWORD
\getenv followup_api_password FOLLOWUP_API_PASSWORD
\getenv followup_worker_password FOLLOWUP_WORKER_PASSWORD
\getenv indicators_owner_password INDICATORS_OWNER_PASSWORD
\getenv indicators_api_password INDICATORS_API_PASSWORD
\getenv indicators_worker_password INDICATORS_WORKER_PASSWORD

CREATE TEMPORARY TABLE bootstrap_role (name text, service text, kind text, password text);

-- An unset variable is sent as it stands and Postgres refuses the colon: no role is ever made without a password.
INSERT INTO bootstrap_role VALUES
    ('labelling_owner', 'labelling', 'owner', :'labelling_owner_password'),
    ('labelling_api', 'labelling', 'api', :'labelling_api_password'),
    ('labelling_worker', 'labelling', 'worker', :'labelling_worker_password'),
    ('enrolment_owner', 'enrolment', 'owner', :'enrolment_owner_password'),
    ('enrolment_api', 'enrolment', 'api', :'enrolment_api_password'),
    ('enrolment_worker', 'enrolment', 'worker', :'enrolment_worker_password'),
    ('followup_owner', 'followup', 'owner', :'followup_owner_password'),
    ('followup_api', 'followup', 'api', :'followup_api_password'),
    ('followup_worker', 'followup', 'worker', :'followup_worker_password'),
    ('indicators_owner', 'indicators', 'owner', :'indicators_owner_password'),
    ('indicators_api', 'indicators', 'api', :'indicators_api_password'),
    ('indicators_worker', 'indicators', 'worker', :'indicators_worker_password');

SELECT format('CREATE ROLE %I', name)
FROM bootstrap_role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

SELECT format(
    'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT PASSWORD %L',
    name, password
)
FROM bootstrap_role
\gexec

-- A request that waits for a lock or forgets its transaction must fail before it blocks the partition counters.
-- Migrations have no statement limit: building an index on a large table takes its time.
SELECT format('ALTER ROLE %I SET %s = %L', name, parameter, value)
FROM bootstrap_role
CROSS JOIN LATERAL (
    VALUES
        ('search_path', service),
        ('lock_timeout', '2s'),
        ('idle_in_transaction_session_timeout', CASE kind WHEN 'owner' THEN '60s' ELSE '10s' END),
        ('statement_timeout', CASE kind WHEN 'api' THEN '10s' WHEN 'worker' THEN '60s' ELSE '0' END)
) AS setting (parameter, value)
\gexec

DROP TABLE bootstrap_role;

\ir grants.sql
