"""Who knows one service knows all four: the same rooms under the same names."""

import configparser
import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, plant

SERVICES = {"labelling", "enrolment", "followup", "indicators"}
COMPULSORY = {
    "main", "settings", "routes", "consumers", "schemas", "use_cases", "queries",
    "domain", "repository", "tables", "migrations",
}  # fmt: skip
OPTIONAL = {"clients", "pages", "jobs", "cli"}
ONLY_FOLDERS = {"domain", "migrations"}
WITHOUT_PYTHON = "data"


def _rooms(service: Path) -> list[str]:
    """The names under a service, `.py` dropped; a room is one file or one folder of that name."""
    return sorted(
        path.name.removesuffix(".py")
        for path in service.iterdir()
        if path.name not in {"__init__.py", "__pycache__"}
    )


def _faults(service: Path) -> set[str]:
    rooms = _rooms(service)
    known = COMPULSORY | OPTIONAL | {WITHOUT_PYTHON}
    return {
        *(f"{room} is missing" for room in COMPULSORY - set(rooms)),
        *(f"{room} is unknown" for room in set(rooms) - known),
        *(f"{room} is both a file and a folder" for room in rooms if rooms.count(room) > 1),
        *(f"{room} must be a folder" for room in ONLY_FOLDERS if (service / f"{room}.py").exists()),
        *(f"{path.name} in data is code" for path in (service / WITHOUT_PYTHON).rglob("*.py")),
        *(
            f"migrations/{name} is missing"
            for name in ("env.py", "versions")
            if not (service / "migrations" / name).exists()
        ),
    }


def crooked_rooms(root: Path) -> list[str]:
    services = (
        path for path in (root / "services").iterdir() if path.is_dir() and path.name != "__pycache__"
    )
    return sorted(f"{service.name}: {fault}" for service in services for fault in _faults(service))


def test_every_service_has_the_same_rooms() -> None:
    assert crooked_rooms(ROOT) == []


def test_there_are_four_services() -> None:
    assert {path.parent.name for path in (ROOT / "services").glob("*/__init__.py")} == SERVICES


def test_the_import_rules_know_the_same_rooms() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter", encoding="utf-8")
    layers = rules["importlinter:contract:same-floors"]["layers"]

    assert set(re.findall(r"\((\w+)\)", layers)) == OPTIONAL
    assert set(re.findall(r"\w+", layers)) == COMPULSORY - {"migrations"} | OPTIONAL


def _build(root: Path) -> None:
    for room in COMPULSORY - ONLY_FOLDERS:
        plant(root, f"services/followup/{room}.py")
    for place in (
        "__init__.py",
        "domain/__init__.py",
        "migrations/env.py",
        "migrations/versions/20260101_0900_a.py",
    ):
        plant(root, f"services/followup/{place}")


@pytest.mark.parametrize(
    "room", [None, "clients.py", "pages/__init__.py", "jobs.py", "cli.py", "data/needs.yaml"]
)
def test_a_complete_service_is_let_through(tmp_path: Path, room: str | None) -> None:
    _build(tmp_path)
    if room:
        plant(tmp_path, f"services/followup/{room}")

    assert crooked_rooms(tmp_path) == []


@pytest.mark.parametrize(
    ("room", "fault"),
    [
        ("calculations.py", "calculations is unknown"),
        ("rules/__init__.py", "rules is unknown"),
        ("routes/__init__.py", "routes is both a file and a folder"),
        ("data/load.py", "load.py in data is code"),
    ],
)
def test_a_stray_room_is_seen(tmp_path: Path, room: str, fault: str) -> None:
    _build(tmp_path)
    plant(tmp_path, f"services/followup/{room}")

    assert crooked_rooms(tmp_path) == [f"followup: {fault}"]


@pytest.mark.parametrize("room", [*sorted(COMPULSORY - ONLY_FOLDERS), "migrations/env"])
def test_a_missing_room_is_seen(tmp_path: Path, room: str) -> None:
    _build(tmp_path)
    (tmp_path / f"services/followup/{room}.py").unlink()

    assert crooked_rooms(tmp_path) == [f"followup: {room}{'.py' * room.endswith('env')} is missing"]
