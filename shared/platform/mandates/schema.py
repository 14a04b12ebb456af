"""The table of mandates as migrations make it; a change is a new function, these stay as they were."""

from typing import Final

from alembic import op

from shared.platform.row_security import OWN_CLIENT, Policy, protect, tenant_policy

_TABLE: Final = """
CREATE TABLE {s}.mandate (
    mandate_id uuid NOT NULL, holder text NOT NULL, client_id text NOT NULL,
    valid_from date NOT NULL, valid_until date NOT NULL, revoked_on date, version bigint NOT NULL,
    CONSTRAINT pk_mandate PRIMARY KEY (mandate_id));
CREATE INDEX ix_mandate_client_id ON {s}.mandate (client_id);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {s}.mandate FROM {s}_api
"""
_HOLDERS: Final = tenant_policy("holder")
POLICY_V1: Final = Policy(f"{_HOLDERS.sees} OR {OWN_CLIENT}", _HOLDERS.writes)
"""Seen by who gave one, by whom it is for, and by the scheme's own clients."""


def create_v1(service: str) -> None:
    """Make it in a listener's schema."""
    for statement in _TABLE.format(s=service).split(";\n"):
        op.execute(statement)
    protect(service, "mandate", POLICY_V1)


def drop_v1(service: str) -> None:
    """Undo `create_v1`."""
    op.execute(f"DROP TABLE {service}.mandate")
