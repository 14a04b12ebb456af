"""Lists of preferences as headers write them, `fr;q=0.8, en`. Source: RFC 9110, section 12.4.2."""

from collections.abc import Iterator
from typing import Final

MAX_LENGTH: Final = 1000
"""A longer list is nobody's preference."""


def weighted(header: str) -> Iterator[tuple[str, float]]:
    """Each entry in lower case with its weight, 0 to 1; none of a header that is too long; unreadable weights are 1."""
    if len(header) > MAX_LENGTH:
        return
    for entry in header.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                weight = _number(parameter[2:])
        if name:
            yield name, weight


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 1.0
    return found if 0 <= found <= 1 else 1.0
