"""Lines as items: the same strict reading and the same verdicts as in a bulk call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.kernel.errors import Violation
from shared.platform.edge.bulk import without_kind
from shared.platform.edge.problems import ProblemError
from shared.platform.edge.shape_errors import violations_of
from shared.platform.edge.strict_json import check_json, check_valid_json
from shared.platform.imports.lines import MAX_LINE, Line
from shared.platform.imports.rules import LINE_TOO_LONG

ToJson = Callable[[bytes], bytes]
"""Makes the JSON text of one item of a line. Raises ProblemError."""


@dataclass(frozen=True)
class ReadLines:
    """Lines of one batch: the items of the well-formed ones and the violations of the others, by place in the batch."""

    items: dict[int, Any]
    refused: dict[int, tuple[Violation, ...]]


class ItemReader:
    """Reads lines against the model of a kind."""

    def __init__(self, model: Any, *, to_json: ToJson = bytes) -> None:
        self._model = model
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)
        self._to_json = to_json

    def read(self, lines: Sequence[Line]) -> ReadLines:
        """Every line on its own."""
        found = ReadLines({}, {})
        for place, line in enumerate(lines):
            try:
                found.items[place] = self._item(line)
            except ProblemError as problem:
                found.refused[place] = problem.violations or (Violation(problem.rule),)
            except _NotConforming as refusal:
                found.refused[place] = refusal.violations
        return found

    def _item(self, line: Line) -> Any:
        if line.raw is None:
            raise ProblemError(413, LINE_TOO_LONG, (Violation(LINE_TOO_LONG, "", f"<= {MAX_LINE} bytes"),))
        raw = self._to_json(line.raw)
        try:
            item = self._adapter.validate_json(raw)
        except ValidationError as error:
            content = check_json(raw)
            details = [
                {**detail, "loc": without_kind(detail["loc"], content)}
                for detail in error.errors(include_url=False, include_input=False)
            ]
            raise _NotConforming(violations_of(details, model=self._model)) from None
        check_valid_json(raw, item)
        return item


class _NotConforming(Exception):
    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(len(violations))
        self.violations = violations
