"""Near misses: which of our names a caller may have meant."""

from collections.abc import Collection
from difflib import get_close_matches


def nearest(name: str, allowed: Collection[str]) -> str | None:
    """The one of our names that the caller may have meant."""
    found = get_close_matches(name[:100].lower(), list(allowed), n=1, cutoff=0.7)
    return found[0] if found else None
