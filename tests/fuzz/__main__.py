"""`python -m tests.fuzz --minutes M --seed S`: everything is asked of everything; the last line says what came back."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.demo.fixture import generate
from tests.fuzz.document import enrich
from tests.fuzz.good import bodies_of
from tests.fuzz.known import ids_of, known_of
from tests.fuzz.verdict import Counts, verdict
from tests.support.embedded import free_port_base
from tests.support.living_stack import PROJECT, SERVICES, LivingStack, living_stack

_HOOKS: Final = "tests.fuzz.hooks"
_CONFIGURATION: Final = Path(__file__).with_name("schemathesis.toml")


async def fuzz(*, minutes: float, seed: int) -> dict[str, Any]:
    """Start and fill the stack, let schemathesis at each service in turn, and add up."""
    async with living_stack(state="fuzz", port_base=free_port_base(), replayed=True) as stack:
        with tempfile.TemporaryDirectory() as folder:
            counts: Counts = Counter()
            failures = 0
            documents = await _documents(stack, Path(folder))
            for service, document in documents.items():
                seconds = round(minutes * 60 / len(SERVICES))
                failures += _attack(stack, service, document=document, seconds=seconds, seed=seed)
                counts.update(_counted(document.with_suffix(".counts")))
            operations = [_operations(json.loads(one.read_text())) for one in documents.values()]
    return {"minutes": minutes, "seed": seed} | verdict(counts, set().union(*operations), failures=failures)


async def _documents(stack: LivingStack, folder: Path) -> dict[str, Path]:
    fixture = generate("r1")
    ids = await ids_of(stack)
    known, bodies = await known_of(stack, fixture, ids=ids), bodies_of(fixture, ids=ids)
    written = {}
    for service in SERVICES:
        document = (await stack.http.get(f"{stack.url(service)}/openapi.json")).json()
        written[service] = folder / f"{service}.json"
        written[service].write_text(json.dumps(enrich(document, known=known[service], bodies=bodies)))
    return written


def _attack(stack: LivingStack, service: str, *, document: Path, seconds: int, seed: int) -> int:
    """Schemathesis' own exit code is 1 when a check failed: how many, its summary says above ours."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(_CONFIGURATION),
        "run",
    ]
    command += [str(document), "--url", stack.url(service), "--no-color", "--continue-on-failure"]
    command += ["--max-time", str(seconds), "--seed", str(seed), "--generation-database", "none"]
    command += ["--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off"]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": _HOOKS,
        "PYTHONPATH": str(PROJECT),
        "FUZZ_SERVICE": service,
        "FUZZ_TOKENS": f"http://127.0.0.1:{stack.port_base}/token",
        "FUZZ_COUNTS": str(document.with_suffix(".counts")),
    }
    return subprocess.run(command, cwd=document.parent, env=environment, check=False).returncode


def _counted(counts: Path) -> dict[tuple[str, int], int]:
    return {(operation, status): count for operation, status, count in json.loads(counts.read_text())}


def _operations(document: Mapping[str, Any]) -> set[str]:
    return {one["operationId"] for methods in document["paths"].values() for one in methods.values()}


def main() -> int:
    """Exit code 0 if nothing failed and everything was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = asyncio.run(fuzz(minutes=given.minutes, seed=given.seed))
    print(json.dumps(found))
    return 0 if found["whole"] else 1


if __name__ == "__main__":
    sys.exit(main())
