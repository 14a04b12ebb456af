"""Figures the scheme is to reach."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Target:
    """A target and what is reached of it; None where no definition measures it, or to whom it may not be told."""

    target_id: str
    indicator: str
    value: int
    due_on: date
    label_fr: str
    label_en: str
    progress: int | None
