"""The questions indicators answers."""

from services.indicators.queries.audit import cells_adrift
from services.indicators.queries.definitions import all_definitions, definition_of, released_figure
from services.indicators.queries.figures import Answer, exact_answer
from services.indicators.queries.targets import read_targets

__all__ = [
    "Answer",
    "all_definitions",
    "cells_adrift",
    "definition_of",
    "exact_answer",
    "read_targets",
    "released_figure",
]
