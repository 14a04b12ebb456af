"""Judgements of other people's tools: the compose specification and hadolint."""

import subprocess
import sysconfig
from pathlib import Path

from deploy.check import stack


def compose_specification(root: Path) -> list[str]:
    """Every compose file is valid by the specification that the checker carries."""
    files = map(str, stack.compose_files(root))
    return _faults("check-jsonschema", ["--builtin-schema", "vendor.compose-spec", *files])


def dockerfile_lint(root: Path) -> list[str]:
    """Hadolint has nothing to say about the Dockerfile."""
    return _faults("hadolint", ["--no-color", str(root / "deploy" / "Dockerfile")])


def _faults(tool: str, arguments: list[str]) -> list[str]:
    """What a tool of the virtual environment complains about; a missing tool is a fault, not a pass."""
    program = Path(sysconfig.get_path("scripts")) / tool
    if not program.exists():
        return [f"{tool} is not installed in this environment"]
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return []
    said = (done.stdout + done.stderr).strip().splitlines()
    return said or [f"{tool} ended with {done.returncode}"]
