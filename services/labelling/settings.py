"""Settings of labelling, read from `LABELLING_*`."""

from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings


class Settings(ServiceSettings):
    """What ServiceSettings asks for, under the prefix of labelling."""

    model_config = SettingsConfigDict(env_prefix="LABELLING_", frozen=True, extra="ignore")

    service: str = "labelling"
