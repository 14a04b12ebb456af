"""The newest revision of a service's schema, read from its files without loading the migration tool."""

import ast
from pathlib import Path

_SERVICES = Path(__file__).resolve().parents[2] / "services"


def head_of(service: str) -> str:
    """The one revision that no other follows. Raises ValueError when there is none, or more than one."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for path in (_SERVICES / service / "migrations" / "versions").glob("*.py"):
        names = _assigned(path)
        revisions.add(names["revision"])
        followed.add(names["down_revision"])
    heads = revisions - followed
    if len(heads) != 1:
        message = f"{service}: {len(heads)} heads"
        raise ValueError(message)
    return heads.pop()


def _assigned(path: Path) -> dict[str, str]:
    """The plain names that a revision's file gives a text."""
    found: dict[str, str] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            found[target.id] = str(value.value)
    return found
