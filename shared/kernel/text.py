"""Names as people write them, brought to one form for comparing."""

import re
import unicodedata

_OTHER_THAN_LETTERS = re.compile(r"[^A-Z' -]+")
_SPACES = re.compile(r"[\s-]+")


def name_key(name: str) -> str:
    """Upper case, no accents, hyphens and spaces alike: `Élodie-Anne` and `ELODIE ANNE` are one key.

    Source: the person-search convention of the French public employment service.
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    return _SPACES.sub(" ", _OTHER_THAN_LETTERS.sub("", bare)).strip()
