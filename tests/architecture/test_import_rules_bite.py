"""Each import contract is broken once, on a skeleton of the house: none of them is an empty promise."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, plant

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
CONTRACTS = [
    "islands", "ground floor", "same floors", "pure domain", "no protocol",
    "mouths and ears", "doors", "shared floors", "no cycles", "outer yard",
]  # fmt: skip
# What a real service imports, so that the plants stand among lawful neighbours.
ROOMS = {
    "__init__": "",
    "main": "from . import consumers, routes, settings\nimport fastapi",
    "settings": "import pydantic_settings\nfrom shared.platform import app",
    "routes": "from . import queries, schemas, use_cases\nfrom shared.platform import app\nimport fastapi",
    "consumers": "from . import use_cases\nfrom shared.events import followup",
    "schemas": "from .domain import outcomes\nimport pydantic",
    "use_cases": "from . import repository\nfrom .domain import outcomes\nfrom shared.events import followup",
    "queries": "from . import tables\nimport sqlalchemy",
    "repository": "from . import tables\nfrom .domain import outcomes",
    "tables": "import sqlalchemy",
    "domain/__init__": "",
    "domain/outcomes": "from shared.kernel import dates\nfrom . import waves",
    "domain/waves": "",
    "migrations/env": "import alembic",
}
SHARED = {
    "__init__": "",
    "kernel/__init__": "",
    "kernel/dates": "import datetime",
    "events/__init__": "",
    "events/followup": "from shared.kernel import dates\nimport pydantic",
    "platform/__init__": "",
    "platform/app": "from shared.kernel import dates\nfrom . import trace\nimport fastapi, nats, sqlalchemy",
    "platform/trace": "",
}


@dataclass(frozen=True)
class Plant:
    """One fault: `text` is what the file of the skeleton then holds."""

    contract: str
    place: str
    text: str


PLANTS = [
    Plant("islands", "services/labelling/use_cases.py", "from services.enrolment.domain import outcomes"),
    Plant("ground floor", "shared/platform/lag.py", "from services.followup import tables"),
    Plant("same floors", "services/followup/routes.py", "from services.followup import consumers"),
    Plant("same floors", "services/followup/queries.py", "from services.followup import use_cases"),
    Plant("same floors", "services/followup/tables.py", "from services.followup import schemas"),
    Plant("same floors", "services/followup/settings.py", "from services.followup.domain import outcomes"),
    Plant("same floors", "services/followup/calculations.py", ""),
    Plant("pure domain", "services/followup/domain/waves.py", "import pydantic"),
    Plant("pure domain", "services/followup/domain/waves.py", "from shared.platform import app"),
    Plant("pure domain", "shared/kernel/dates.py", "import sqlalchemy"),
    Plant("no protocol", "services/followup/use_cases.py", "import fastapi"),
    Plant("no protocol", "services/followup/queries.py", "from starlette import status"),
    Plant("no protocol", "services/followup/use_cases/outcomes.py", "import nats"),
    Plant("mouths and ears", "services/followup/repository.py", "from shared.events import followup"),
    Plant("mouths and ears", "services/followup/pages/survey.py", "from shared.events import followup"),
    Plant("doors", "services/followup/routes.py", "from services.followup import tables"),
    Plant("doors", "services/followup/consumers.py", "from services.followup import repository"),
    Plant("doors", "services/followup/cli.py", "from services.followup import repository"),
    Plant("doors", "services/followup/routes/outcomes.py", "from services.followup import tables"),
    Plant("shared floors", "shared/events/followup.py", "from shared.platform import trace"),
    Plant("shared floors", "shared/texts.py", ""),
    Plant("no cycles", "services/followup/domain/waves.py", "from services.followup.domain import outcomes"),
    Plant("no cycles", "shared/platform/trace.py", "from shared.platform import app"),
    Plant("outer yard", "services/followup/main.py", "from deploy.local import stack"),
    Plant("outer yard", "shared/platform/trace.py", "import tests.support"),
]


def _build(root: Path) -> None:
    shutil.copy(ROOT / ".importlinter", root)
    for place, text in SHARED.items():
        plant(root, f"shared/{place}.py", text=text)
    plant(root, "services/__init__.py")
    for service in ("labelling", "enrolment", "followup", "indicators"):
        for place, text in ROOMS.items():
            plant(root, f"services/{service}/{place}.py", text=text)


def _sow(root: Path, fault: Plant) -> None:
    """Writes the fault; a file planted in a room that was one file makes that room a folder."""
    path = root / fault.place
    if path.parent.with_suffix(".py").exists():
        path.parent.with_suffix(".py").unlink()
    if not (path.parent / "__init__.py").exists():
        plant(path.parent, "__init__.py")
    plant(root, fault.place, text=fault.text)


def _lint(root: Path) -> tuple[int, str]:
    command = [sys.executable, "-c", LINT, "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def _verdicts(root: Path) -> dict[str, str]:
    """The verdict on each contract, in the words of import-linter."""
    _, output = _lint(root)
    return dict(re.findall(r"^([a-z ]+) (KEPT|BROKEN)$", output, flags=re.MULTILINE))


def test_the_skeleton_keeps_every_contract(tmp_path: Path) -> None:
    _build(tmp_path)

    assert _verdicts(tmp_path) == dict.fromkeys(CONTRACTS, "KEPT")


@pytest.mark.parametrize("fault", PLANTS, ids=lambda fault: f"{fault.contract}: {fault.place}")
def test_a_planted_fault_breaks_its_contract_and_no_other(tmp_path: Path, fault: Plant) -> None:
    _build(tmp_path)
    _sow(tmp_path, fault)

    assert _verdicts(tmp_path) == dict.fromkeys(CONTRACTS, "KEPT") | {fault.contract: "BROKEN"}


def test_every_contract_has_its_plant() -> None:
    assert {fault.contract for fault in PLANTS} == set(CONTRACTS)


@pytest.mark.parametrize("place", ["services/followup/queries.py", "services/billing/__init__.py"])
def test_a_service_without_a_room_is_refused(tmp_path: Path, place: str) -> None:
    _build(tmp_path)
    (tmp_path / place).unlink(missing_ok=True)
    if place.endswith("__init__.py"):
        plant(tmp_path, place)

    status, output = _lint(tmp_path)

    assert status == 1
    assert "Missing layer" in output
    assert ".".join(Path(place).parts[:2]) in output
