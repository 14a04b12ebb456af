"""Reads the source tree that the guards of this folder judge."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file: `place` is its path from the root, written with slashes."""

    place: str
    text: str
    tree: ast.Module


def modules(root: Path, *folders: str) -> Iterator[Module]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            yield Module(path.relative_to(root).as_posix(), text, ast.parse(text))


def plant(root: Path, place: str, *, text: str = "") -> None:
    """Writes a file of a made-up tree, for the tests that see a guard fail."""
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
