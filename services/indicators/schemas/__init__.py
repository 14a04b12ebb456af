"""What callers ask and get: questions as query parameters, figures, definitions, targets."""

from services.indicators.schemas.asked import Asked
from services.indicators.schemas.figures import FigureView, figure_view
from services.indicators.schemas.listings import (
    DefinitionsView,
    DefinitionView,
    TargetsView,
    definition_view,
    targets_view,
)

__all__ = [
    "Asked",
    "DefinitionView",
    "DefinitionsView",
    "FigureView",
    "TargetsView",
    "definition_view",
    "figure_view",
    "targets_view",
]
