"""Reads the compose files, their services and their variables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAIN = "docker-compose.yml"
WRITABLE_ROOT = "tremplin.writable-root"
"""Label of a service whose root cannot be read-only; its value says why."""

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


@dataclass(frozen=True)
class Part:
    """One service of compose, and the folder that its paths start from."""

    name: str
    definition: dict[str, Any]
    folder: Path

    @property
    def ends(self) -> bool:
        """A one-shot: it runs to its end and is never started again by itself."""
        return bool(self.definition.get("restart") == "no")


def compose_files(root: Path) -> list[Path]:
    """docker-compose.yml and what it includes."""
    main = root / MAIN
    included = yaml.safe_load(main.read_text(encoding="utf-8")).get("include", [])
    return [main, *(root / entry["path"] for entry in included)]


def documents(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each compose file with its content, anchors resolved."""
    for path in compose_files(root):
        yield path, yaml.safe_load(path.read_text(encoding="utf-8"))


def parts(root: Path) -> list[Part]:
    """Every service."""
    return [
        Part(name, definition, path.parent)
        for path, document in documents(root)
        for name, definition in document.get("services", {}).items()
    ]


def part(root: Path, name: str) -> Part | None:
    """One service by name."""
    return next((found for found in parts(root) if found.name == name), None)


def networks(root: Path) -> dict[str, dict[str, Any]]:
    """Every network."""
    found: dict[str, dict[str, Any]] = {}
    for _, document in documents(root):
        found |= {name: settings or {} for name, settings in document.get("networks", {}).items()}
    return found


def variables(text: str) -> list[tuple[str, str | None]]:
    """Variables of a text in order, each with its default."""
    return [(found["name"], found["default"]) for found in _VARIABLE.finditer(text) if found["name"]]


def with_defaults(text: str) -> str:
    """The text as it reads when no variable is set."""
    return _VARIABLE.sub(lambda found: (found["default"] or "") if found["name"] else "$", text)


def assignments(path: Path) -> dict[str, str]:
    """NAME=value lines of an env file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line.strip() and not line.startswith("#"))
