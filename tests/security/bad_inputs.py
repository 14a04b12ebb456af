"""The catalogue of bad inputs (`bad_inputs.yaml`): row, answer and tests, and the page written from it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_HERE: Final = Path(__file__).resolve()
_TESTS: Final = _HERE.parents[1]
_HEAD: Final = """# Bad inputs

What arrives at a public API sooner or later, what is answered, and the tests that try it: those under
`security/test_bad_inputs` and `security/test_rights` on every route of the four real services that it could be sent to.
Never a 5xx, never the value back, nothing half-written. This page is written by `make openapi` from
`tests/security/bad_inputs.yaml`; a test that is named and does not exist fails the build.

| | Sent | Answered | Tried by |
|---|---|---|---|
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One bad input, and exactly one of: its tests, why it cannot come here, what is still to be done."""

    input: str
    answer: str
    tests: tuple[str, ...] = ()
    elsewhere: str = ""
    missing: str = ""


@cache
def rows() -> Mapping[str, Row]:
    """The rows by their number."""
    written: dict[str, dict[str, Any]] = yaml.safe_load(
        _HERE.with_name("bad_inputs.yaml").read_text(encoding="utf-8")
    )
    return {number: Row(**{**row, "tests": tuple(row.get("tests", ()))}) for number, row in written.items()}


def nowhere(row: Row) -> list[str]:
    """The tests of a row that nobody wrote."""
    return [name for name in row.tests if name.partition("::")[2] not in _tests_of(name.partition("::")[0])]


@cache
def _tests_of(module: str) -> frozenset[str]:
    path = _TESTS / f"{module}.py"
    if not path.exists():
        return frozenset()
    functions = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(
        each.name for each in functions if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def page() -> str:
    """The catalogue as a page of the documentation."""
    return _HEAD + "".join(f"{_line(number, row)}\n" for number, row in rows().items())


def _line(number: str, row: Row) -> str:
    tried = "<br>".join(f"`{name}`" for name in row.tests) or row.elsewhere or f"**Missing.** {row.missing}"
    return f"| {number} | {row.input} | {row.answer} | {tried} |"
