"""Settings of indicators, read from `INDICATORS_*`."""

from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings


class Settings(ServiceSettings):
    """What ServiceSettings asks for, under the prefix of indicators."""

    model_config = SettingsConfigDict(env_prefix="INDICATORS_", frozen=True, extra="ignore")

    service: str = "indicators"
