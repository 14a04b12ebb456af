"""Which indicators exist, and what each of them means."""

from collections.abc import Sequence
from typing import NoReturn

from services.indicators.domain.definitions import Definition
from services.indicators.domain.refusals import NO_RELEASE
from services.indicators.repository.definitions import registry
from shared.kernel.errors import UNKNOWN, NotFound


def all_definitions() -> Sequence[Definition]:
    """Every definition, by id."""
    return tuple(registry().values())


def definition_of(indicator: str) -> Definition:
    """The definition in force of an indicator. Raises NotFound."""
    found = registry().get(indicator)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


def released_figure(indicator: str) -> NoReturn:
    """The released figure of an indicator. Raises NotFound: nothing has been released yet."""
    raise NotFound(NO_RELEASE if indicator in registry() else UNKNOWN)
