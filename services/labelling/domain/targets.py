"""Targets: figures that the scheme is to reach by a date."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Indicator(StrEnum):
    """What a target counts."""

    TRAININGS_LABELLED_CUM = "trainings_labelled_cum"
    TRAINED_OR_IN_TRAINING = "trained_or_in_training"


@dataclass(frozen=True)
class Target:
    """A figure to reach by a date, with the words a reader sees."""

    reference: str
    indicator: Indicator
    value: int
    due_on: date
    label_fr: str
    label_en: str
    version: int = 1
