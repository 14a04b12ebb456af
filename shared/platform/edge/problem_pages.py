"""`/problems`: what each refusal means, for people and for programs, in French and in English, without a token."""

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.edge.negotiation import preferred
from shared.platform.edge.problems import language_of
from shared.platform.edge.registry import Explanation, explanations

router = APIRouter(prefix="/problems", tags=["problems"])

_HTML, _JSON = "text/html", "application/json"
_WORDS = {
    "fr": {
        "title": "Refus",
        "cause": "Cause",
        "fix": "Que faire",
        "retry": "Renvoyer l'appel",
        "as_is": "oui, tel quel, un peu plus tard",
        "changed": "oui, une fois corrigé",
        "never": "non",
    },
    "en": {
        "title": "Refusals",
        "cause": "Cause",
        "fix": "What to do",
        "retry": "Send the call again",
        "as_is": "yes, unchanged, a little later",
        "changed": "yes, once put right",
        "never": "no",
    },
}


@router.get("", operation_id="list_problems", summary="What each refusal means")
async def list_problems(request: Request) -> Response:
    """As a page for a browser, as JSON otherwise."""
    return _answer(request, list(explanations(request.app.state.service).values()))


@router.get("/{code}", operation_id="read_problem", summary="What one refusal means")
async def read_problem(request: Request, code: Annotated[str, Path(max_length=80)]) -> Response:
    """The page that the `type` of a problem names."""
    found = explanations(request.app.state.service).get(code)
    if found is None:
        raise NotFound(UNKNOWN)
    return _answer(request, [found])


def _answer(request: Request, found: list[Explanation]) -> Response:
    language = language_of(request)
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    if preferred(request, (_JSON, _HTML)) == _HTML:
        return HTMLResponse(_page(found, language), headers=headers)
    return JSONResponse({"items": [_item(one, language) for one in found]}, headers=headers)


def _item(one: Explanation, language: str) -> dict[str, Any]:
    return {
        "type": f"/problems/{one.code}",
        "code": one.code,
        "title": one.title[language],
        "cause": one.cause[language],
        "fix": one.fix[language],
        "retry": one.retry,
    }


def _page(found: list[Explanation], language: str) -> str:
    words = _WORDS[language]
    entries = "".join(
        f"<article><h2 id={one.code}><code>{one.code}</code> {escape(one.title[language])}</h2><dl>"
        f"<dt>{words['cause']}<dd>{escape(one.cause[language])}"
        f"<dt>{words['fix']}<dd>{escape(one.fix[language])}"
        f"<dt>{words['retry']}<dd>{words[one.retry]}</dl></article>"
        for one in found
    )
    return (
        f"<!doctype html><html lang={language}><meta charset=utf-8>"
        f"<meta name=viewport content='width=device-width'><title>{words['title']}</title>"
        f"<main><h1>{words['title']}</h1>{entries}</main></html>"
    )
