"""Settings of followup, read from `FOLLOWUP_*`."""

from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ImportingSettings


class Settings(ImportingSettings):
    """What ImportingSettings asks for, under the prefix of followup."""

    model_config = SettingsConfigDict(env_prefix="FOLLOWUP_", frozen=True, extra="ignore")

    service: str = "followup"
