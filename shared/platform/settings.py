"""The settings every service has; a service adds its own and its prefix."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_MARK = "development-only"
"""Secrets kept in the repository carry this mark; production refuses them."""

_NOBODYS = frozenset({"localhost", "local", "test", "example", "invalid", "internal"})

Role = Literal["api", "relay", "intake"]


class ServiceSettings(BaseSettings):
    """Environment of one service, read with the prefix `<SERVICE>_`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    service: str
    environment: Literal["development", "test", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    roles: Annotated[frozenset[Role], NoDecode] = frozenset({"api", "relay", "intake"})
    log_level: str = "INFO"

    database_url: SecretStr
    worker_database_url: SecretStr
    migration_database_url: SecretStr | None = None

    nats_url: str = "nats://127.0.0.1:4222"
    nats_seed_file: Path | None = None

    issuer: str
    jwks_url: str
    token_url: str | None = None
    feed_urls: dict[str, str] = Field(default_factory=dict)
    feed_client_id: str | None = None
    feed_client_secret: SecretStr | None = None

    # Closed days of the log are exported here, and after so many days dropped from the tables. Without: neither.
    archive_dir: Path | None = None
    keep_log_days: Annotated[int, Field(ge=1)] | None = None

    # Spans go to an OTLP address (https://collector/v1/traces) or to a file (file:///...). Without: none are made.
    traces_to: str | None = None
    traces_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0

    # Calls a minute of one client in one process, by family of routes; and of an address that is not recognised.
    rate_read: Annotated[int, Field(ge=1)] = 6000
    rate_write: Annotated[int, Field(ge=1)] = 6000
    rate_bulk: Annotated[int, Field(ge=1)] = 1200
    rate_failures: Annotated[int, Field(ge=1)] = 600

    # Signs the cursors of lists: any long random word, the same for all replicas; behind a space the former one.
    cursor_secret: Annotated[SecretStr, Field(min_length=8)] = SecretStr(f"{DEVELOPMENT_MARK}-cursor-secret")

    # Two pools of this size per process (API and workers); four services share one server of 200 connections.
    pool_size: int = 8

    def cursor_secrets(self) -> list[str]:
        """What signs cursors, then what may still have."""
        return self.cursor_secret.get_secret_value().split()

    def secrets(self) -> dict[str, str]:
        """What production must not find with the development mark, by name."""
        return {
            "database_url": self.database_url.get_secret_value(),
            "worker_database_url": self.worker_database_url.get_secret_value(),
            "feed_client_secret": self.feed_client_secret.get_secret_value()
            if self.feed_client_secret
            else "",
            "nats_seed_file": str(self.nats_seed_file or ""),
            "cursor_secret": self.cursor_secret.get_secret_value(),
        }

    @model_validator(mode="before")
    @classmethod
    def _read_plain_text(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("nats_seed_file", "archive_dir", "keep_log_days", "traces_to"):
            if values.get(name) == "":
                values[name] = None
        roles = values.get("roles")
        if isinstance(roles, str):
            values["roles"] = frozenset(role.strip() for role in roles.split(",") if role.strip())
        return values

    @model_validator(mode="after")
    def _refuse_forgetting(self) -> Self:
        """What is dropped is in the archive: there has to be one."""
        if self.keep_log_days is not None and self.archive_dir is None:
            message = "keep_log_days needs an archive_dir"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _refuse_development_secrets(self) -> Self:
        """Production starts with none of the secrets that the repository shows."""
        if self.environment != "production":
            return self
        known = [name for name, value in self.secrets().items() if DEVELOPMENT_MARK in value]
        if known:
            message = f"development secrets are refused in production: {', '.join(known)}"
            raise ValueError(message)
        if _is_of_development(self.issuer):
            message = "production needs an https issuer of its own; those of development are refused"
            raise ValueError(message)
        return self


def _is_of_development(issuer: str) -> bool:
    """An issuer without TLS, on this machine, or under a name that nobody owns (RFC 6761, RFC 6762)."""
    address = urlsplit(issuer)
    host = (address.hostname or "").rstrip(".")
    try:
        return address.scheme != "https" or not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in _NOBODYS


class ImportingSettings(ServiceSettings):
    """Environment of a service that takes files."""

    # Wraps the key of each file while its job runs; any long random text, the same for all replicas.
    import_secret: SecretStr = SecretStr(f"{DEVELOPMENT_MARK}-import-secret")
    import_max_bytes: Annotated[int, Field(ge=1)] = 256 * 1024 * 1024
    import_max_lines: Annotated[int, Field(ge=1)] = 1_000_000
    # A dry run is one transaction, which holds what it touches until it is rolled back.
    import_dry_run_lines: Annotated[int, Field(ge=1)] = 20_000

    def cursor_secrets(self) -> list[str]:
        """What signs cursors, then what may still have."""
        return self.cursor_secret.get_secret_value().split()

    def secrets(self) -> dict[str, str]:
        """As of every service, and the one that wraps keys."""
        return super().secrets() | {"import_secret": self.import_secret.get_secret_value()}
