"""The Dockerfile: its checks see planted faults, its health check and its command do what they say."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from signal import SIGTERM

import pytest

from deploy.check import image, tools
from deploy.check.__main__ import ROOT
from shared.platform.topology import SPEAKERS
from tests.support.cluster import free_port

DOCKERFILE = "deploy/Dockerfile"
BUILD = ROOT / "deploy/image/build.sh"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the checks of the image read, to plant faults in."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copytree(ROOT / "deploy/image", tmp_path / "deploy/image")
    for name in (DOCKERFILE, ".dockerignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


# Check, file, what it says, what it says once the fault is planted, words of the complaint.
PLANTS = {
    "bad style": (tools.dockerfile_lint, DOCKERFILE, "WORKDIR /opt/tremplin", "WORKDIR opt/tremplin", "DL3000"),
    "every service": (image.contents, DOCKERFILE, "COPY services/${SERVICE} ", "COPY services ", "takes services"),
    "the tests": (image.contents, DOCKERFILE, "COPY shared shared", "COPY shared tests ./", "takes tests"),
    "no shared": (image.contents, DOCKERFILE, "COPY shared shared", "", "lacks shared"),
    "an open context": (image.contents, ".dockerignore", "\n*\n", "\n", "refusing everything"),
    "root": (image.runtime, DOCKERFILE, "USER 10001:10001", "", "as user 10001"),
    "no proof": (image.runtime, DOCKERFILE, "import services.${SERVICE}.main", "pass", "not proven"),
    "no health": (image.runtime, DOCKERFILE, "HEALTHCHECK", "# HEALTHCHECK", "no HEALTHCHECK"),
    "a shell that stays": (image.runtime, DOCKERFILE, "exec python -m", "python -m", "leaves a shell"),
    "an address": (image.locks, "requirements/run.lock", "alembic==", "--index-url https://x\nalembic==", "an address"),
    "a link": (image.locks, "requirements/dev.lock", "alembic==", "alembic @ file:x\nalembic==", "an address"),
    "no hash": (image.locks, "deploy/image/build.lock", "setuptools==", "wheel==1\nsetuptools==", "wheel==1 has no"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_seen(copy: Path, name: str) -> None:
    check, place, old, new, words = PLANTS[name]
    assert check(copy) == [], "the copy is sound before the plant"
    text = (copy / place).read_text(encoding="utf-8")
    assert old in text, f"{place} no longer says {old!r}"

    (copy / place).write_text(text.replace(old, new), encoding="utf-8")

    assert any(words in fault for fault in check(copy)), check(copy)


def _command(word: str) -> list[str]:
    """The JSON form of an instruction."""
    text = (ROOT / DOCKERFILE).read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(rf"^{word}.*?(\[.*\])$", text, re.MULTILINE)
    assert found
    command: list[str] = json.loads(found[1])
    return command


class _Ready(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _service_answering(status: int) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), type("Handler", (_Ready,), {"status": status})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _health(port: int) -> int:
    program, *arguments = _command("HEALTHCHECK")
    assert program == "python"
    # A proxy of the engine's must not be asked.
    environment = {"SERVICE": "labelling", "LABELLING_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=10).returncode


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_reads_readyz(status: int, *, healthy: bool) -> None:
    with _service_answering(status) as port:
        assert (_health(port) == 0) == healthy


def test_the_health_check_fails_when_nobody_listens() -> None:
    assert _health(free_port()) != 0


def test_the_command_becomes_python_and_receives_sigterm(tmp_path: Path) -> None:
    stub = tmp_path / "python"
    stub.write_text('#!/bin/sh\necho "$$ $*"\nexec sleep 60\n', encoding="ascii")
    stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.defpath}", "SERVICE": "followup"}
    process = subprocess.Popen(_command("CMD"), env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout
        started = process.stdout.readline()
        process.send_signal(SIGTERM)

        assert started == f"{process.pid} -m shared.platform.serve followup\n"
        assert process.wait(10) == -SIGTERM


def test_the_image_is_built_for_every_service_by_default() -> None:
    assert f'services="{" ".join(SPEAKERS)}"' in BUILD.read_text(encoding="utf-8")


def test_the_build_says_what_it_lacks(tmp_path: Path) -> None:
    for tool in ("dirname", "id"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    done = subprocess.run(
        ["/bin/sh", str(BUILD)], env={"PATH": str(tmp_path)}, check=False, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert "need root" in done.stderr or "debootstrap is missing" in done.stderr
