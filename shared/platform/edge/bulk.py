"""Bulk calls: the raw body read once and strictly, one result per item in order, batches of 500 per transaction."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.kernel.errors import DomainError, Violation
from shared.platform.database import Database, Transaction
from shared.platform.edge.bodies import read_body
from shared.platform.edge.fields import REFERENCE
from shared.platform.edge.middleware import MAX_BYTES
from shared.platform.edge.problems import (
    INVALID_REQUEST,
    TOO_MANY_ITEMS,
    ProblemError,
    error_items,
    language_of,
)
from shared.platform.edge.retries import Retry, retry_of
from shared.platform.edge.shape_errors import violations_of
from shared.platform.edge.strict_json import check_json, check_valid_json, forbidden_text
from shared.platform.event_log import MAX_EVENTS, Position

MAX_ITEMS = 1000
MAX_SPELT = 20_000
"""Most errors of one call that are spelt out, item by item."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Verdict:
    """What became of one item: a status, and either details and warnings or the violations that refused it."""

    status: str
    details: dict[str, Any] | None = None
    violations: tuple[Violation, ...] = ()
    warnings: tuple[Violation, ...] = ()

    @classmethod
    def refused(cls, error: DomainError) -> "Verdict":
        """The verdict of an item that a rule refuses."""
        return cls("rejected", violations=error.violations)


@dataclass(frozen=True)
class Lot(Generic[Model]):
    """A bulk body: its head (the model with no items), the well-formed items by index, the others' violations."""

    head: Model
    items: dict[int, Any]
    rejected: dict[int, Verdict]
    references: list[str | None]


async def read_lot(request: Request, model: type[Model]) -> Lot[Model]:
    """Read `{"items": [...], ...}` against a model whose field `items` is a list of bodies.

    A malformed head refuses the call; a malformed item only itself. Raises ProblemError 400, 413, 415, 422.
    """
    raw = await read_body(request, limit=MAX_BYTES)
    request.state.retry = retry_of(request, raw)
    try:
        whole = model.model_validate_json(raw)
    except ValidationError as error:
        return _read_item_by_item(check_json(raw, nul_in=True), model, error=error)
    check_valid_json(raw, whole)
    items = cast("Sequence[Any]", getattr(whole, "items"))  # noqa: B009 - the field every lot has
    _check_count(len(items))
    return Lot(whole, dict(enumerate(items)), {}, [getattr(item, "reference", None) for item in items])


def _check_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise ProblemError(413, TOO_MANY_ITEMS, (Violation(TOO_MANY_ITEMS, "/items", f"<= {MAX_ITEMS}"),))


def _read_item_by_item(content: Any, model: type[Model], *, error: ValidationError) -> Lot[Model]:
    if error.error_count() > MAX_ITEMS:
        # To spell out that many errors would take longer than the caller deserves.
        _refuse_flood(content, error.error_count())
    details = error.errors(include_url=False, include_input=False)
    by_item: dict[int, list[Any]] = {}
    for detail in details:
        location = detail["loc"]
        if len(location) < 2 or location[0] != "items" or not isinstance(location[1], int):  # noqa: PLR2004 - items, index
            raise ProblemError(422, INVALID_REQUEST, violations_of(details, model=model))
        inside = without_kind(location[2:], content["items"][location[1]])
        by_item.setdefault(location[1], []).append({**detail, "loc": inside})
    sent = content["items"]
    _check_count(len(sent))
    item_model = model.model_fields["items"].annotation
    rejected = {index: violations_of(found, model=item_model) for index, found in by_item.items()}
    rejected |= {
        index: (found,)
        for index, item in enumerate(sent)
        if index not in rejected and (found := forbidden_text(item))
    }
    sound = [index for index in range(len(sent)) if index not in rejected]
    head = model.model_validate_json(json.dumps({**content, "items": [sent[index] for index in sound]}))
    kept = cast("Sequence[Any]", getattr(head, "items"))  # noqa: B009 - the field every lot has
    return Lot(
        head,
        dict(zip(sound, kept, strict=True)),
        {index: Verdict("rejected", violations=found) for index, found in rejected.items()},
        [_reference_of(item) for item in sent],
    )


def without_kind(location: tuple[Any, ...], item: Any) -> tuple[Any, ...]:
    """Where items differ by `kind`, pydantic starts the location with the kind: that is no field of the caller."""
    kind = item.get("kind") if isinstance(item, dict) else None
    return location[1:] if location and kind is not None and location[0] == kind else location


def _refuse_flood(content: Any, errors: int) -> None:
    items = content.get("items") if isinstance(content, dict) else None
    if isinstance(items, list):
        _check_count(len(items))
    if errors > MAX_SPELT:
        raise ProblemError(
            422, INVALID_REQUEST, (Violation(INVALID_REQUEST, "/items", f"<= {MAX_SPELT} errors"),)
        )


def _reference_of(item: Any) -> str | None:
    """The caller's own reference, repeated only when it has the form of one."""
    reference = item.get("reference") if isinstance(item, dict) else None
    return reference if isinstance(reference, str) and REFERENCE.fullmatch(reference) else None


Work = Callable[[Transaction, list[Any]], Awaitable[list[Verdict]]]
"""Decides and writes one batch of items; gives one verdict per item, in order."""


async def run_lot(
    request: Request, lot: Lot[Model], *, database: Database, work: Work, events_per_item: int = 1
) -> dict[str, Any]:
    """Run the sound items through `work`, 500 a transaction, and answer one result per item in order.

    Under an `Idempotency-Key` what a transaction of an earlier call did is given again, and not done again.
    """
    answers = _Answers(lot, language_of(request))
    retry: Retry | None = request.state.retry
    positions: list[Position] = request.state.positions
    fresh = retry is None
    for part, indexes in enumerate(_batches(sorted(lot.items), size=MAX_EVENTS // events_per_item)):
        async with database.transaction(positions) as tx:
            done = await retry.done(tx, part=part) if retry else None
            if done is None:
                fresh = True
                found = await work(tx, [lot.items[index] for index in indexes])
                results = answers.take(dict(zip(indexes, found, strict=True)))
                if retry:
                    retry.keep(tx, results, part=part)
            else:
                answers.repeat(done.results)
                positions.extend(done.positions)
    if not fresh:
        request.state.headers["Idempotent-Replayed"] = "true"
    return answers.whole()


class _Answers(Generic[Model]):
    """The results of a lot, by index."""

    def __init__(self, lot: Lot[Model], language: str) -> None:
        self._references = lot.references
        self._language = language
        self._results: dict[int, dict[str, Any]] = {}
        self.take(lot.rejected)

    def take(self, verdicts: Mapping[int, Verdict]) -> list[dict[str, Any]]:
        """Put verdicts into words; gives them as they will be answered."""
        results = [
            _result(index, verdict, reference=self._references[index], language=self._language)
            for index, verdict in verdicts.items()
        ]
        self.repeat(results)
        return results

    def repeat(self, results: Iterable[dict[str, Any]]) -> None:
        """Add results as they were answered before."""
        self._results.update((result["index"], result) for result in results)

    def whole(self) -> dict[str, Any]:
        """One result per item, in order, and how many there are of each status."""
        results = [self._results[index] for index in sorted(self._results)]
        return {"results": results, "summary": dict(Counter(result["status"] for result in results))}


def _batches(indexes: Sequence[int], *, size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(indexes), size):
        yield indexes[start : start + size]


def _result(index: int, verdict: Verdict, *, reference: str | None, language: str) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "reference": reference, "status": verdict.status}
    if verdict.details:
        result |= verdict.details
    if verdict.violations:
        result["errors"] = error_items(verdict.violations, language=language)
    if verdict.warnings:
        result["warnings"] = error_items(verdict.warnings, language=language)
    return result
