"""What a caller can be given: in which language, of which media type. Source: RFC 9110, sections 12.4 and 12.5."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from fastapi import Request

from shared.kernel.errors import Rule, Violation
from shared.platform.edge.problems import ProblemError
from shared.platform.edge.weights import weighted

NOT_ACCEPTABLE = Rule(
    "not_acceptable",
    fr="Aucun des types demandés (Accept) n'est servi ici.",
    en="None of the types asked for (Accept) is served here.",
)
JSON: Final = ("application/json",)


def demand_acceptable(request: Request, *, served: Collection[str] = JSON) -> None:
    """Pass when one of the types served is among those asked for, or nothing is asked. Raises ProblemError 406."""
    asked = request.headers.get("accept")
    if not asked or asked == "*/*":
        return
    ranges = dict(weighted(asked))
    if not any(_weight(media_type, ranges) > 0 for media_type in served):
        expected = ", ".join(sorted(served))
        raise ProblemError(406, NOT_ACCEPTABLE, (Violation(NOT_ACCEPTABLE, "", expected),))


def preferred(request: Request, served: Sequence[str]) -> str:
    """The type that the caller likes best of those served, in our order where it does not care. Raises as above."""
    demand_acceptable(request, served=served)
    ranges = dict(weighted(request.headers.get("accept") or "*/*"))
    return max(served, key=lambda media_type: _weight(media_type, ranges))


def _weight(media_type: str, ranges: dict[str, float]) -> float:
    """That of the most specific range that holds it."""
    return next((ranges[one] for one in _ranges_of(media_type) if one in ranges), 0.0)


def _ranges_of(media_type: str) -> Iterator[str]:
    yield media_type
    yield f"{media_type.partition('/')[0]}/*"
    yield "*/*"
