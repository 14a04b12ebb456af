"""Settings of enrolment, read from `ENROLMENT_*`."""

from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ImportingSettings


class Settings(ImportingSettings):
    """What ImportingSettings asks for, under the prefix of enrolment."""

    model_config = SettingsConfigDict(env_prefix="ENROLMENT_", frozen=True, extra="ignore")

    service: str = "enrolment"
