"""The registry of definitions: versioned YAML files, read once, each known by the digest of its content."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from services.indicators.domain.definitions import BadDefinition, Definition, definition_from

_FOLDER = Path(__file__).resolve().parents[1] / "data" / "definitions"


@cache
def registry() -> Mapping[str, Definition]:
    """Every definition by id. Raises BadDefinition when a file is not one."""
    return read_registry(_FOLDER)


def read_registry(folder: Path) -> dict[str, Definition]:
    """The definitions of a folder, one file each, named by the id. Raises BadDefinition."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("id") != path.stem:
            raise BadDefinition(f"{path.name}: not the definition its name says")
        found[path.stem] = definition_from(content, digest=digest_of(content))
    return found


def digest_of(content: Mapping[str, object]) -> str:
    """SHA-256 of what a definition says, whatever the layout of its file."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
