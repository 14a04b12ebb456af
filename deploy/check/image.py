"""Rules of the image: what may enter it, who runs it, and locks that name no address."""

import re
import shlex
from pathlib import Path

INSIDE = {"services/__init__.py", "services/${SERVICE}", "shared"}
LOCKS = {"requirements/run.lock", "deploy/image/build.lock"}
IGNORED_FIRST = "*"
UID = "10001"

_ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|\s@\s")
_REQUIREMENT = re.compile(r"^[A-Za-z0-9][\w.\[\]-]*==", re.MULTILINE)


def contents(root: Path) -> list[str]:
    """The Dockerfile copies one service, `shared` and two locks; the context holds no more than that."""
    copied = {
        source
        for line in _instructions(root, "COPY")
        if "--from=" not in line
        for source in shlex.split(line)[:-1]
    }
    faults = [f"the image takes {source}" for source in sorted(copied - INSIDE - LOCKS)]
    faults += [f"the image lacks {source}" for source in sorted((INSIDE | LOCKS) - copied)]
    rules = [line for line in _lines(root / ".dockerignore") if not line.startswith("#")]
    if rules[:1] != [IGNORED_FIRST]:
        faults.append(".dockerignore does not start by refusing everything")
    return faults


def runtime(root: Path) -> list[str]:
    """Not root, import proven as that user, health check present; Python itself is told to stop."""
    lines = _lines(root / "deploy" / "Dockerfile")
    user = next((number for number, line in enumerate(lines) if line.startswith(f"USER {UID}")), None)
    proof = next(
        (number for number, line in enumerate(lines) if "import services.${SERVICE}.main" in line), None
    )
    faults = []
    if user is None or proof is None or proof < user:
        faults.append(f"the import is not proven as user {UID}")
    if not any(line.startswith("HEALTHCHECK") for line in lines):
        faults.append("no HEALTHCHECK")
    if not any("exec python -m shared.platform.serve" in line for line in _instructions(root, "CMD")):
        faults.append("the CMD leaves a shell between the engine and Python")
    return faults


def locks(root: Path) -> list[str]:
    """Locks carry a hash for every package and no address of a registry."""
    faults = []
    for path in [*sorted((root / "requirements").glob("*.lock")), root / "deploy/image/build.lock"]:
        text = path.read_text(encoding="utf-8")
        if found := _ADDRESS.search(text):
            faults.append(f"{path.name}: names an address ({found.group().strip()})")
        starts = [match.start() for match in _REQUIREMENT.finditer(text)]
        blocks = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
        faults += [
            f"{path.name}: {block.split()[0]} has no hash"
            for block in blocks
            if "--hash=sha256:" not in block
        ]
    return faults


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _instructions(root: Path, word: str) -> list[str]:
    return [
        line.removeprefix(word).strip()
        for line in _lines(root / "deploy" / "Dockerfile")
        if line.startswith(word)
    ]
