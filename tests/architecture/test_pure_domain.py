"""Rules and kernel read neither clock nor chance: the same facts give the same verdict in any year."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Module, modules, plant

THE_CLOCK = "shared/kernel/clock.py"
IMPURE_MODULES = {"os", "random", "secrets", "time"}
IMPURE_CALLS = {"getrandbits", "now", "today", "urandom", "utcnow", "uuid1", "uuid4"}
# A verdict may well have a field called `today`; on these names it is the clock, even when only handed over.
CLOCKS = {"date", "datetime", "uuid"}


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return {str(node.module).partition(".")[0]}
    return set()


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_impure(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _last_name(node.func) in IMPURE_CALLS
    if isinstance(node, ast.Attribute):
        return node.attr in IMPURE_CALLS and _last_name(node.value) in CLOCKS
    return bool(_imported(node) & IMPURE_MODULES)


def _quiet_rooms(root: Path) -> Iterator[Module]:
    for module in modules(root, "services", "shared/kernel"):
        in_domain = module.place.split("/")[2:3] == ["domain"]
        if module.place != THE_CLOCK and (in_domain or module.place.startswith("shared/")):
            yield module


def impurities(root: Path) -> list[str]:
    """Every line of a domain or of the kernel that asks the clock or the dice."""
    found = {
        (module.place, node.lineno)
        for module in _quiet_rooms(root)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.expr | ast.stmt) and _is_impure(node)
    }
    return [f"{place}:{line}" for place, line in sorted(found)]


def test_rules_and_kernel_are_pure() -> None:
    assert impurities(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "due = date.today()",
        "at = datetime.datetime.now(UTC)",
        "at = datetime.utcnow()",
        "key = uuid4()",
        "key = uuid.uuid1()",
        "today = field(default_factory=date.today)",
        "import random",
        "from time import time",
        "import secrets",
        "import os.path",
    ],
)
@pytest.mark.parametrize("place", ["services/followup/domain/waves.py", "shared/kernel/dates.py"])
def test_clock_and_dice_are_seen(tmp_path: Path, place: str, line: str) -> None:
    plant(tmp_path, place, text=f'"""A rule."""\n{line}\n')

    assert impurities(tmp_path) == [f"{place}:2"]


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (THE_CLOCK, "at = datetime.now(UTC)"),
        ("services/followup/use_cases.py", "at = datetime.now(UTC)"),
        ("services/followup/domain/waves.py", "due = verdict.today"),
        ("services/followup/domain/waves.py", "from datetime import time"),
    ],
)
def test_what_is_no_clock_is_let_through(tmp_path: Path, place: str, line: str) -> None:
    plant(tmp_path, place, text=f"{line}\n")

    assert impurities(tmp_path) == []
