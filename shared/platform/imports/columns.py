"""Columns of a table and the JSON item they stand for: `learner.birth_name` is the member of a member."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from shared.kernel.errors import Violation
from shared.platform.edge.problems import ProblemError
from shared.platform.edge.shape_errors import models_in
from shared.platform.imports.rules import MALFORMED_LINE, UNKNOWN_COLUMN, WRONG_NUMBER_OF_CELLS

DELIMITERS: Final = (";", ",", "\t")
_FRENCH_DATE: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)
_REAL: Final = re.compile(r"-?\d{1,18}(?:[.,]\d{1,18})?", re.ASCII)
_BLANKS: Final = " \t\n\u00a0\u202f"
_FLAGS: Final = {
    "oui": True, "vrai": True, "true": True, "1": True,
    "non": False, "faux": False, "false": False, "0": False,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """Where a cell goes in the item, how its text is meant, and whether a table must have it."""

    path: tuple[str, ...]
    meant: Callable[[str], Any]
    required: bool


def columns_of(model: Any) -> dict[str, Column]:
    """The columns of a model, or of a union of models: all of theirs, and required what all of them require."""
    kinds = [_columns_in(one, (), required=True) for one in models_in(model)]
    merged = {name: column for one in kinds for name, column in one.items()}
    return {
        name: Column(column.path, column.meant, all(name in one and one[name].required for one in kinds))
        for name, column in merged.items()
    }


def _columns_in(model: type[BaseModel], path: tuple[str, ...], *, required: bool) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name, info in model.model_fields.items():
        place = (*path, info.alias or name)
        must = required and info.is_required()
        inner = models_in(info.annotation)
        if inner:
            found |= _columns_in(inner[0], place, required=must)
        else:
            found[".".join(place)] = Column(place, _MEANT.get(_plain(info.annotation), _as_it_is), must)
    return found


def _plain(annotation: Any) -> Any:
    """The type beneath what is optional or annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return _plain(next(one for one in get_args(annotation) if one is not type(None)))
    return str if origin is Literal else annotation


def _as_it_is(text: str) -> Any:
    return text


def _whole(text: str) -> Any:
    return int(text) if _WHOLE.fullmatch(text) else text


def _real(text: str) -> Any:
    return float(text.replace(",", ".")) if _REAL.fullmatch(text) else text


def _decimal(text: str) -> Any:
    return text.replace(",", ".") if _REAL.fullmatch(text) else text


def _flag(text: str) -> Any:
    return _FLAGS.get(text.lower(), text)


def _day(text: str) -> Any:
    found = _FRENCH_DATE.fullmatch(text)
    return f"{found[3]}-{found[2]}-{found[1]}" if found else text


# What a cell does not mean stays a text: the model then refuses it by its own rule.
_MEANT: Final[Mapping[Any, Callable[[str], Any]]] = {
    int: _whole,
    float: _real,
    Decimal: _decimal,
    bool: _flag,
    date: _day,
}


def cells_of(line: str, *, delimiter: str) -> list[str]:
    """The cells of a line. Raises ProblemError 422 when quotes stand where none may."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        raise ProblemError(422, MALFORMED_LINE) from None


class Table:
    """Lines of a table as JSON texts of items; an empty cell is an absent member."""

    def __init__(self, model: Any, *, names: Sequence[str], delimiter: str) -> None:
        columns = columns_of(model)
        self._columns = [columns.get(name) for name in names]
        self._delimiter = delimiter

    def to_json(self, raw: bytes) -> bytes:
        """One line. Raises ProblemError 422."""
        cells = cells_of(raw.decode(), delimiter=self._delimiter)
        if len(cells) != len(self._columns):
            expected = str(len(self._columns))
            raise ProblemError(422, WRONG_NUMBER_OF_CELLS, (Violation(WRONG_NUMBER_OF_CELLS, "", expected),))
        content: dict[str, Any] = {}
        for place, (column, cell) in enumerate(zip(self._columns, cells, strict=True), start=1):
            text = cell.strip(_BLANKS)
            if not text:
                continue
            if column is None:
                # A column without a name, such as spreadsheets leave at the end, must be empty.
                raise ProblemError(422, UNKNOWN_COLUMN, (Violation(UNKNOWN_COLUMN, "", f"column {place}"),))
            _put(content, column.path, value=column.meant(text))
        return json.dumps(content, ensure_ascii=False).encode()


def _put(content: dict[str, Any], path: Sequence[str], *, value: Any) -> None:
    *parents, name = path
    for parent in parents:
        content = content.setdefault(parent, {})
    content[name] = value


def cells_in(content: Mapping[str, Any], *, before: str = "") -> dict[str, str]:
    """An item as cells under the names of their columns; for examples."""
    cells: dict[str, str] = {}
    for name, value in content.items():
        place = f"{before}{name}"
        cells |= cells_in(value, before=f"{place}.") if isinstance(value, dict) else {place: str(value)}
    return cells
