"""Production refuses what the repository shows."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.labelling.settings import Settings

SOUND: dict[str, Any] = {
    "environment": "production",
    "database_url": "postgresql+asyncpg://labelling_api:s3@db/tremplin",
    "worker_database_url": "postgresql+asyncpg://labelling_worker:s3@db/tremplin",
    "issuer": "https://identity.example.org",
    "jwks_url": "https://identity.example.org/jwks",
    "cursor_secret": "a-long-random-word",
}


def test_production_starts_with_sound_settings() -> None:
    assert Settings(**SOUND).environment == "production"


@pytest.mark.parametrize(
    "fault",
    [
        {"database_url": "postgresql+asyncpg://labelling_api:development-only-x@db/tremplin"},
        {"worker_database_url": "postgresql+asyncpg://labelling_worker:development-only-x@db/tremplin"},
        {"feed_client_secret": "development-only-service-labelling"},
        {"nats_seed_file": "/secrets/development-only-labelling.nk"},
        {"cursor_secret": "development-only-cursor-secret"},
        {"cursor_secret": "a-long-random-word development-only-cursor-secret"},
        *(
            {"issuer": issuer}
            for issuer in (
                "http://127.0.0.1:8100",
                "http://identity.example.org",
                "https://127.0.0.1:8100",
                "https://[::1]/realms/tremplin",
                "https://10.0.0.7",
                "https://localhost:8080",
                "https://LOCALHOST./identity",
                "https://identity.localhost",
                "https://keycloak/identity",
                "https://keycloak.internal",
                "https://issuer.test",
                "https://box.local",
                "",
            )
        ),
    ],
)
def test_production_refuses_development_secrets_and_issuers(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**SOUND | fault)
    assert "production" in str(refused.value)


def test_roles_are_read_from_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELLING_ROLES", "api, relay")
    values = {key: value for key, value in SOUND.items() if key != "environment"}
    assert Settings(**values).roles == {"api", "relay"}


def test_an_empty_seed_file_means_no_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELLING_NATS_SEED_FILE", "")
    assert Settings(**SOUND).nats_seed_file is None


def test_nothing_is_forgotten_without_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELLING_ARCHIVE_DIR", "")
    monkeypatch.setenv("LABELLING_KEEP_LOG_DAYS", "")
    assert (Settings(**SOUND).archive_dir, Settings(**SOUND).keep_log_days) == (None, None)
    monkeypatch.setenv("LABELLING_KEEP_LOG_DAYS", "30")
    with pytest.raises(ValidationError, match="needs an archive_dir"):
        Settings(**SOUND)
    monkeypatch.setenv("LABELLING_ARCHIVE_DIR", "/archive")
    assert Settings(**SOUND).keep_log_days == 30
