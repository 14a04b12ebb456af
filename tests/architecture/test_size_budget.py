"""A file fits a sitting and a function fits a screen; whoever outgrows the budget is split, not excused."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Module, modules, plant

CODE = ("services", "shared", "deploy")
FILE_LINES = 300
TEST_FILE_LINES = 400
FUNCTION_LINES = 40
POSITIONALS = 2
VERBS = {"api_route", "delete", "export", "get", "head", "options", "patch", "post", "put"}
# A signature that a library imposes says so, with its reason, in the words that also satisfy ruff.
IMPOSED = "noqa: PLR0917"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(module: Module) -> Iterator[tuple[Function, bool]]:
    """Each function, and whether it receives `self` or `cls`."""
    for owner in ast.walk(module.tree):
        for node in ast.iter_child_nodes(owner):
            if isinstance(node, Function):
                static = "staticmethod" in map(_last_name, node.decorator_list)
                yield node, isinstance(owner, ast.ClassDef) and not static


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_called_by_name(function: Function) -> bool:
    """Fixtures, tests and routes get their parameters by name; Python decides those of its own protocols."""
    marks = set(map(_last_name, function.decorator_list))
    return (
        function.name.startswith(("test_", "__"))
        or "fixture" in marks
        or any(isinstance(mark, ast.Call) and _last_name(mark) in VERBS for mark in function.decorator_list)
    )


def _positionals(function: Function, *, bound: bool) -> int:
    """A parameter named with an underscore is there for the caller's sake and does not count, as in ruff."""
    parameters = [*function.args.posonlyargs, *function.args.args][bound:]
    return sum(not parameter.arg.startswith("_") for parameter in parameters)


def long_files(root: Path) -> list[str]:
    budgets = [*((folder, FILE_LINES) for folder in CODE), ("tests", TEST_FILE_LINES)]
    return [
        f"{module.place}: {lines} lines, {budget} allowed"
        for folder, budget in budgets
        for module in modules(root, folder)
        if "/migrations/versions/" not in module.place
        if (lines := len(module.text.splitlines())) > budget
    ]


def long_functions(root: Path) -> list[str]:
    return [
        f"{module.place}:{function.lineno} {function.name}: {lines} lines, {FUNCTION_LINES} allowed"
        for module in modules(root, *CODE, "tests")
        if "/migrations/versions/" not in module.place
        for function, _ in _functions(module)
        if (lines := (function.end_lineno or function.lineno) - function.lineno + 1) > FUNCTION_LINES
    ]


def wide_functions(root: Path) -> list[str]:
    return [
        f"{module.place}:{function.lineno} {function.name}: {POSITIONALS} positional parameters allowed"
        for module in modules(root, *CODE, "tests")
        for function, bound in _functions(module)
        if _positionals(function, bound=bound) > POSITIONALS
        if not _is_called_by_name(function)
        if IMPOSED not in module.text.splitlines()[function.lineno - 1]
    ]


def silent_modules(root: Path) -> list[str]:
    return [m.place for m in modules(root, *CODE, "tests") if not ast.get_docstring(m.tree)]


def test_files_fit_a_sitting() -> None:
    assert long_files(ROOT) == []


def test_functions_fit_a_screen() -> None:
    assert long_functions(ROOT) == []


def test_functions_take_two_positional_parameters_at_most() -> None:
    assert wide_functions(ROOT) == []


def test_every_module_says_what_it_holds() -> None:
    assert silent_modules(ROOT) == []


@pytest.mark.parametrize(
    ("place", "lines", "seen"),
    [
        ("services/followup/routes.py", 300, False),
        ("services/followup/routes.py", 301, True),
        ("deploy/local/stack.py", 301, True),
        ("services/followup/migrations/versions/20260101_0900_a.py", 301, False),
        ("tests/followup/test_routes.py", 400, False),
        ("tests/followup/test_routes.py", 401, True),
    ],
)
def test_a_long_file_is_seen(tmp_path: Path, place: str, lines: int, *, seen: bool) -> None:
    plant(tmp_path, place, text="x = 1\n" * lines)

    assert [fault.partition(":")[0] for fault in long_files(tmp_path)] == [place] * seen


@pytest.mark.parametrize(("lines", "seen"), [(40, False), (41, True)])
def test_a_long_function_is_seen(tmp_path: Path, lines: int, *, seen: bool) -> None:
    body = "        x = 1\n" * (lines - 1)
    plant(tmp_path, "shared/kernel/dates.py", text=f"class Calendar:\n    async def turn(self):\n{body}")

    assert bool(long_functions(tmp_path)) == seen


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("def f(a, b): ...", False),
        ("def f(a, b, c): ...", True),
        ("def f(a, b, c=None): ...", True),
        ("def f(a, b, c, /): ...", True),
        ("def f(a, b, *, c, d): ...", False),
        ("async def f(a, b, c): ...", True),
        ("def f(_, __, c): ...", False),
        ("def f(a, b, c): ...  # noqa: PLR0917 - the shape of a log processor", False),
        ("class A:\n    def f(self, a, b): ...", False),
        ("class A:\n    def f(self, a, b, c): ...", True),
        ("class A:\n    @staticmethod\n    def f(a, b, c): ...", True),
        ("class A:\n    def __exit__(self, kind, error, trace): ...", False),
        ("@router.get('/labels')\nasync def labels(tx, caller, page): ...", False),
        ("@pytest.fixture\ndef label(tx, clock, holder): ...", False),
        ("def test_labels(tx, clock, holder): ...", False),
        ("def outer():\n    def inner(a, b, c): ...", True),
    ],
)
def test_a_wide_function_is_seen(tmp_path: Path, source: str, *, seen: bool) -> None:
    plant(tmp_path, "services/labelling/routes.py", text=f"{source}\n")

    assert bool(wide_functions(tmp_path)) == seen


@pytest.mark.parametrize("source", ["", "x = 1\n", "# A comment is no docstring.\n"])
def test_a_silent_module_is_seen(tmp_path: Path, source: str) -> None:
    plant(tmp_path, "shared/platform/app.py", text=source)

    assert silent_modules(tmp_path) == ["shared/platform/app.py"]
