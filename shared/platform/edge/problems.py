"""Problems (RFC 9457): every refusal as a code, pointers, a text in French or English, and the request's id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared.kernel.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Rule,
    Unavailable,
    Unreadable,
    Violation,
)
from shared.platform.edge.shape_errors import violations_of
from shared.platform.edge.weights import weighted
from shared.platform.failures import is_transient
from shared.platform.metrics import PROBLEMS
from shared.platform.request_context import current_request_id

log = structlog.get_logger()

MAX_ERRORS = 50

STATUS_OF_KIND: dict[type[DomainError], int] = {
    Unreadable: 400,
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unavailable: 503,
}

INTERNAL = Rule("internal_error", fr="Erreur interne.", en="Internal error.")
BUSY = Rule(
    "busy", fr="Service momentanément indisponible, réessayez.", en="Service momentarily unavailable, retry."
)
INVALID_REQUEST = Rule("invalid_request", fr="Requête non conforme.", en="The request does not conform.")
MALFORMED_JSON = Rule("malformed_json", fr="JSON illisible.", en="Unreadable JSON.")
MISSING_BODY = Rule("missing_body", fr="Corps attendu.", en="A body is expected.")
UNSUPPORTED_MEDIA_TYPE = Rule(
    "unsupported_media_type", fr="Type attendu : application/json.", en="Expected type: application/json."
)
TOO_LARGE = Rule("too_large", fr="Corps trop grand.", en="The body is too large.")
TOO_MANY_ITEMS = Rule("too_many_items", fr="Trop d'éléments.", en="Too many items.")
NOT_FOUND = Rule("not_found", fr="Ressource inconnue.", en="Unknown resource.")
URI_TOO_LONG = Rule("uri_too_long", fr="Adresse trop longue.", en="The address is too long.")
HEADERS_TOO_LARGE = Rule(
    "headers_too_large", fr="Trop d'en-têtes, ou trop longs.", en="Too many headers, or too long ones."
)
METHOD_NOT_ALLOWED = Rule("method_not_allowed", fr="Méthode non permise.", en="Method not allowed.")
UNAUTHENTICATED = Rule(
    "unauthenticated", fr="Jeton d'accès absent ou refusé.", en="Access token missing or refused."
)
INSUFFICIENT_SCOPE = Rule(
    "insufficient_scope",
    fr="Le jeton ne porte pas le droit demandé.",
    en="The token lacks the required scope.",
)

_RULE_OF_STATUS = {
    404: NOT_FOUND,
    413: TOO_LARGE,
    414: URI_TOO_LONG,
    415: UNSUPPORTED_MEDIA_TYPE,
    431: HEADERS_TOO_LARGE,
}


@dataclass
class ProblemError(Exception):
    """A refusal of the edge itself, where no domain rule speaks."""

    status: int
    rule: Rule
    violations: tuple[Violation, ...] = ()
    headers: Mapping[str, str] | None = None


def language_of(request: Request) -> str:
    """`en` when the caller prefers English, `fr` otherwise."""
    wanted = {"en": 0.0, "fr": 0.0}
    for tag, weight in weighted(request.headers.get("accept-language", "")):
        language = tag.partition("-")[0]
        if language in wanted:
            wanted[language] = max(wanted[language], weight)
    return "en" if wanted["en"] > wanted["fr"] else "fr"


def text_of(rule: Rule, *, language: str) -> str:
    """The rule's sentence in `fr` or `en`."""
    return rule.en if language == "en" else rule.fr


def error_items(violations: Iterable[Violation], *, language: str) -> list[dict[str, str]]:
    """The `errors` member: pointer, code, message, expected form; never the rejected value."""
    items = []
    for violation in violations:
        item = {
            "pointer": violation.pointer,
            "code": violation.rule.code,
            "message": text_of(violation.rule, language=language),
        }
        if violation.expected is not None:
            item["expected"] = violation.expected
        items.append(item)
    return items


def problem(
    request: Request,
    status: int,
    *,
    rule: Rule,
    violations: Iterable[Violation] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer for a refusal."""
    language = language_of(request)
    PROBLEMS.labels(rule.code, getattr(request.scope.get("route"), "path", None) or "-").inc()
    errors = error_items(violations, language=language)
    body: dict[str, Any] = {
        "type": f"/problems/{rule.code}",
        "title": text_of(rule, language=language),
        "status": status,
        "code": rule.code,
        "instance": f"urn:uuid:{current_request_id()}",
        "request_id": current_request_id(),
    }
    if errors:
        body["errors"] = errors[:MAX_ERRORS]
    if len(errors) > MAX_ERRORS:
        body["truncated"] = True
    return JSONResponse(
        body,
        status_code=status,
        media_type="application/problem+json",
        headers={"Content-Language": language, "Vary": "Accept-Language", **(headers or {})},
    )


def install(app: FastAPI) -> None:
    """Turn every kind of error into a problem."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(ProblemError, _on_problem_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for busy in (DBAPIError, PoolTimeout, TimeoutError, OSError):
        app.add_exception_handler(busy, _on_infrastructure_error)


async def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
    status = next(status for kind, status in STATUS_OF_KIND.items() if isinstance(error, kind))
    violations = error.violations if status != STATUS_OF_KIND[NotFound] else ()
    headers = {"Retry-After": "1"} if isinstance(error, Unavailable) else None
    return problem(request, status, rule=error.rule, violations=violations, headers=headers)


async def _on_problem_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for this class only
    return problem(request, error.status, rule=error.rule, violations=error.violations, headers=error.headers)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    details = error.errors()
    if any(detail["type"] == "json_invalid" for detail in details):
        return problem(request, 400, rule=MALFORMED_JSON)
    status = 400 if all(detail["loc"][0] in {"query", "header"} for detail in details) else 422
    return problem(
        request, status, rule=INVALID_REQUEST, violations=violations_of(details, model=_body_model(request))
    )


def _body_model(request: Request) -> Any:
    """The model of the body that the route takes, if it takes one."""
    field = getattr(request.scope.get("route"), "body_field", None)
    return None if field is None else field.field_info.annotation


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(request.app.state.methods.of(request.scope["path"]))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        return problem(request, error.status_code, rule=METHOD_NOT_ALLOWED, headers={"Allow": allowed})
    rule = _RULE_OF_STATUS.get(error.status_code, INVALID_REQUEST)
    return problem(request, error.status_code, rule=rule, headers=error.headers)


async def _on_infrastructure_error(request: Request, error: Exception) -> JSONResponse:
    """A database that is away or busy is a matter of moments; a statement it refuses is our bug."""
    passing = isinstance(error, (OperationalError, PoolTimeout, TimeoutError, OSError))
    if not passing and not is_transient(error):
        return bug_answer(request, error)
    log.warning("request.infrastructure_unavailable", error=type(error).__name__)
    return problem(request, 503, rule=BUSY, headers={"Retry-After": "1"})


def bug_answer(request: Request, error: Exception) -> JSONResponse:
    """The answer to what nobody foresaw. An exception's message may hold a value: only class and place are logged."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    log.error("request.failed", error=type(error).__name__, place=place)
    return problem(request, 500, rule=INTERNAL)
