"""What a state remembers between two starts: its secrets, and the content it was made for."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.local import refusals
from deploy.local.place import SERVICES, Place

FIXTURES = ("r1", "r2")
PLANTS = ("lost", "spurious", "uncorrected")

_ROLES = ("postgres", *(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "api", "worker")))


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the demonstration puts into a state; a plain run asks for nothing and fits any state."""

    fixture: str | None = None
    seed: int = 2016
    plant: str | None = None


def content_of(environment: Mapping[str, str], *, fixture: str | None = None) -> Content:
    """The content that FIXTURE and PLANT ask for."""
    asked = environment.get("FIXTURE") or fixture
    plant = environment.get("PLANT") or None
    for knob, value, choices in (("FIXTURE", asked, FIXTURES), ("PLANT", plant, PLANTS)):
        if value is not None and value not in choices:
            raise refusals.bad_choice(knob, value, choices=choices)
    return Content(fixture=asked, plant=plant)


def check_content(place: Place, content: Content) -> None:
    """Refuse to play one fixture over another; reads only."""
    held = read_content(place)
    if held is None or held.fixture is None or content.fixture is None:
        return
    for knob, before, now in (
        ("FIXTURE", held.fixture, content.fixture),
        ("SEED", held.seed, content.seed),
        ("PLANT", held.plant or "none", content.plant or "none"),
    ):
        if before != now:
            raise refusals.other_content(place.state, knob=knob, held=str(before), asked=str(now))


def read_content(place: Place) -> Content | None:
    """The content recorded at an earlier start, if any."""
    found = read_json(place.directory / "state.json")
    if found is None:
        return None
    try:
        return Content(**found)
    except TypeError:
        raise refusals.damaged(place.directory / "state.json") from None


def record_content(place: Place, content: Content) -> None:
    """Remember what was asked for, unless this start asks for nothing."""
    if content.fixture is not None or read_content(place) is None:
        write_private(place.directory / "state.json", json.dumps(asdict(content), indent=2) + "\n")


def check_is_state(place: Place) -> None:
    """Refuse a folder that something else has made; reads only."""
    folder = place.directory
    if folder.exists() and not (folder / "lock").exists() and any(folder.iterdir()):
        raise refusals.not_a_state(folder)


def make_directory(place: Place) -> None:
    """The folder of the state, for its owner only."""
    try:
        for folder in (place.directory, place.logs, place.nats):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise refusals.not_writable(place.directory, reason=error.strerror or str(error)) from None


def passwords(place: Place) -> dict[str, str]:
    """The password of each Postgres role, made at random at the first start."""
    path = place.directory / "secrets.json"
    held: dict[str, str] = read_json(path) or {}
    missing = {role: secrets.token_urlsafe(24) for role in _ROLES if role not in held}
    if missing:
        held |= missing
        write_private(path, json.dumps(held, indent=2) + "\n")
    return held


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where there is no file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise refusals.damaged(path) from None
    if not isinstance(found, dict):
        raise refusals.damaged(path)
    return found


def write_private(path: Path, text: str) -> None:
    """Write for the owner only, and never leave half a file."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
