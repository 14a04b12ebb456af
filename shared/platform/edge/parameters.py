"""Query parameters as a route declares them: an unknown or repeated one is refused, never passed over."""

from collections.abc import Collection

from fastapi import Request

from shared.kernel.errors import Rule, Violation
from shared.platform.edge.fields import FORBIDDEN_CHARACTER
from shared.platform.edge.problems import INVALID_REQUEST, ProblemError
from shared.platform.edge.suggestions import nearest

UNKNOWN_PARAMETER = Rule(
    "unknown_parameter", fr="Paramètre de requête inconnu.", en="Unknown query parameter."
)
REPEATED_PARAMETER = Rule(
    "repeated_parameter", fr="Paramètre de requête répété.", en="Repeated query parameter."
)


def check_parameters(request: Request, allowed: Collection[str]) -> None:
    """Refuse names that the route does not have, and names given twice. Raises ProblemError 400.

    No text of ours can hold a NUL, nor can Postgres: it is refused here, whatever the parameter.
    A misspelt filter that was passed over would answer with everything. The caller's own name is not repeated: it may
    be anything; the nearest one of ours is suggested.
    """
    if not request.scope["query_string"]:
        return
    pairs = request.query_params.multi_items()
    given = [name for name, _ in pairs]
    for name, value in pairs:
        if name not in allowed:
            expected = nearest(name, allowed) or ", ".join(sorted(allowed)) or "no parameter"
            raise ProblemError(400, UNKNOWN_PARAMETER, (Violation(UNKNOWN_PARAMETER, "", expected),))
        if given.count(name) > 1:
            raise ProblemError(400, REPEATED_PARAMETER, (Violation(REPEATED_PARAMETER, f"/{name}", "once"),))
        if "\0" in value:
            raise ProblemError(400, INVALID_REQUEST, (Violation(FORBIDDEN_CHARACTER, f"/{name}"),))
