"""The social security number: recognised only to be refused."""

import re
from typing import Final

_SHORTEST: Final = 13
_SEPARATOR: Final = r"[ \u00a0\u202f.-]?"
# Sex, year, month (with the codes of incomplete birth dates), département, commune, rank, and the key if given.
_SHAPE: Final = re.compile(
    _SEPARATOR.join(
        (
            r"(?<!\d)([1-478])",
            r"(\d{2})",
            r"(0[1-9]|1[0-2]|[23]\d|4[0-2]|[5-9]\d)",
            r"(0[1-9]|[1-9]\d|2[ABab])",
            r"(\d{3})",
            r"(\d{3})",
            r"(\d{2})?(?!\d)",
        )
    ),
    re.ASCII,
)


def holds_nir(text: str) -> bool:
    """Whether a text holds a number of the shape of a NIR: 13 characters, or 15 with the right key.

    No decree lets the label process it, so no field takes it. Source: decree 2019-341, which lists who may.
    """
    if len(text) < _SHORTEST:
        return False
    return any(_has_right_key(*found.groups()) for found in _SHAPE.finditer(text))


def _has_right_key(*groups: str | None) -> bool:
    *parts, key = groups
    if key is None:
        return True
    number = "".join(part or "" for part in parts).upper()
    # Corsica's two départements count as 19 and 18.
    return 97 - int(number.replace("2A", "19").replace("2B", "18")) % 97 == int(key)
