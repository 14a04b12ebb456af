"""The golden payloads: one file per shape ever published, entered in a manifest that only grows.

A file is `<type>.json`, and `<type>-2.json` once the type has fields that the first one lacks.
"""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from shared.events.envelope import Envelope, Fact
from shared.events.upcasting import Upcasting

GOLDEN = Path(__file__).resolve().parent / "events"
MANIFEST = "MANIFEST"
"""Lines as `sha256sum` writes them, so that `sha256sum -c MANIFEST` checks them too."""


def published(folder: Path) -> dict[Path, dict[str, Any]]:
    """The golden payloads of a folder, by file."""
    return {path: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def type_of(path: Path) -> str:
    """The event type that a golden file is named after."""
    return re.sub(r"-[0-9]+$", "", path.stem)


def next_file(folder: Path, fact: type[Fact]) -> Path | None:
    """Where a payload of this type belongs next; None while those that are there show all of its fields."""
    held = [envelope["data"] for path, envelope in published(folder).items() if type_of(path) == fact.TYPE]
    if not held:
        return folder / f"{fact.TYPE}.json"
    shown = set().union(*held)
    return folder / f"{fact.TYPE}-{len(held) + 1}.json" if set(fact.model_fields) - shown else None


def add(envelope: Envelope, path: Path) -> None:
    """Write a golden payload that is not there yet."""
    with path.open("x") as file:
        file.write(json.dumps(json.loads(envelope.to_json()), indent=2, ensure_ascii=False) + "\n")


def enter(folder: Path) -> None:
    """Enter the files that the manifest does not have yet; what it has stays."""
    listed = {_name(line): line for line in entries(folder)}
    new = {path.name: entry(path) for path in published(folder) if path.name not in listed}
    lines = [line for _, line in sorted((listed | new).items())]
    (folder / MANIFEST).write_text("".join(f"{line}\n" for line in lines))


def entry(path: Path) -> str:
    """The line of a file in the manifest."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"


def entries(folder: Path) -> list[str]:
    """The lines of the manifest."""
    manifest = folder / MANIFEST
    return manifest.read_text().splitlines() if manifest.exists() else []


def faults(folder: Path, *, readable: Upcasting, spoken: set[str]) -> list[str]:
    """What is wrong with the golden payloads, one sentence each."""
    files = {path.name: path for path in published(folder)}
    listed = {_name(line): line for line in entries(folder)}
    types = {type_of(path) for path in files.values()}
    return [
        *(f"{name} was published and is gone" for name in sorted(listed.keys() - files.keys())),
        *(f"{name} is not entered in {MANIFEST}" for name in sorted(files.keys() - listed.keys())),
        *(
            f"{name} was published and has changed"
            for name in sorted(listed.keys() & files.keys())
            if entry(files[name]) != listed[name]
        ),
        *(f"{type_} has no golden payload" for type_ in sorted((readable.types | spoken) - types)),
        *(f"{type_} was published and is read no more" for type_ in sorted(types - readable.types)),
    ]


def struck_out(folder: Path) -> list[str]:
    """Lines that some commit of this checkout has in the manifest and that are there no more.

    A checkout without history (an archive, a machine without git) has none.
    """
    git = shutil.which("git")
    if git is None:
        return []
    command = [git, "-c", "safe.directory=*", "-C", str(folder)]
    revisions = _lines([*command, "log", "--format=%H", "--", MANIFEST])
    held = set(entries(folder))
    return sorted(
        {
            line
            for revision in revisions
            for line in _lines([*command, "show", f"{revision}:./{MANIFEST}"])
            if line not in held
        }
    )


def _lines(command: list[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def _name(line: str) -> str:
    return line.split("  ", 1)[-1]
