"""Words of a closed list: enums that are looked up as fast as the text they are."""

from enum import StrEnum


class Word(StrEnum):
    """Enum hashes its name in Python; these are keys that every line of a push looks up."""

    __hash__ = str.__hash__
