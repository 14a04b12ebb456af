-- Role and database of the identity provider. It can be run again at any time; a new password takes effect.

\set QUIET on
\set ON_ERROR_STOP on

\getenv keycloak_database_password KEYCLOAK_DATABASE_PASSWORD

SELECT 'CREATE ROLE keycloak'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'keycloak')
\gexec

-- An unset variable is sent as it stands and Postgres refuses the colon.
ALTER ROLE keycloak LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'keycloak_database_password';

SELECT 'CREATE DATABASE keycloak OWNER keycloak'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'keycloak')
\gexec

REVOKE ALL ON DATABASE keycloak FROM PUBLIC;
