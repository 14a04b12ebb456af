"""Only the platform's transaction commits: a route or an intake batch is all or nothing."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, plant

COMMITTER = "shared/platform/database.py"


def commits(root: Path) -> list[str]:
    """Every mention of a `.commit`, called or handed over, as place:line."""
    return [
        f"{module.place}:{node.lineno}"
        for module in modules(root, "services", "shared")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]


def test_only_the_platforms_transaction_commits() -> None:
    assert [place for place in commits(ROOT) if not place.startswith(f"{COMMITTER}:")] == []


@pytest.mark.parametrize("line", ["await session.commit()", "on_end(session.commit)"])
def test_a_commit_elsewhere_is_seen(tmp_path: Path, line: str) -> None:
    plant(
        tmp_path, "services/followup/use_cases.py", text=f"async def record(session, on_end):\n    {line}\n"
    )

    assert commits(tmp_path) == ["services/followup/use_cases.py:2"]
