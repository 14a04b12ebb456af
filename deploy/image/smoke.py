"""Runs a built image through buildah and checks what the Dockerfile promises; standard library only."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("labelling", "enrolment", "followup", "indicators")
UID = 10001
PATIENCE_SECONDS = 20
LOG_SHOWN = 4000
ABSENT = "127.0.0.1:1"
"""Nobody listens on port 1: the database and the broker are absent on purpose."""


class Broken(Exception):
    """The image does not do what it promises."""


class Image:
    """One container of the image, driven through buildah."""

    def __init__(self, reference: str) -> None:
        """Create the container; it runs nothing yet."""
        self._buildah = shlex.split(os.environ["BUILDAH"])
        self._name = self._output("from", "--pull-never", reference)
        described = json.loads(self._output("inspect", self._name))["Docker"]["config"]
        self.command: list[str] = described["Cmd"]
        self.health: list[str] = described["Healthcheck"]["Test"][1:]

    def _output(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._buildah, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    def arguments(self, command: list[str], *, env: dict[str, str], volume: str = "") -> list[str]:
        """Command line that runs `command` in the container."""
        options = [option for name, value in env.items() for option in ("--env", f"{name}={value}")]
        mounts = ["--volume", volume] if volume else []
        return [*self._buildah, "run", *options, *mounts, self._name, "--", *command]

    def run(self, command: list[str], *, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run to the end and return what happened."""
        return subprocess.run(self.arguments(command, env=env), check=False, capture_output=True, text=True)

    def python(self, code: str) -> str:
        """Result of a Python expression evaluated inside."""
        done = self.run(["python", "-c", code], env={})
        return (done.stdout + done.stderr).strip()

    def remove(self) -> None:
        """Forget the container."""
        self._output("rm", self._name)


def settings(service: str, *, port: int) -> dict[str, str]:
    """Settings of the service's example file, with a database and a broker that are not there."""
    lines = (ROOT / "deploy/env" / f"{service}.env.example").read_text(encoding="utf-8").splitlines()
    env = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    prefix = service.upper()
    absent = f"postgresql+asyncpg://nobody:nothing@{ABSENT}/tremplin"
    env |= {
        f"{prefix}_{name}": absent
        for name in ("DATABASE_URL", "WORKER_DATABASE_URL", "MIGRATION_DATABASE_URL")
    }
    del env[f"{prefix}_NATS_SEED_FILE"]
    here = {"HOST": "127.0.0.1", "PORT": str(port), "NATS_URL": f"nats://{ABSENT}"}
    return env | {f"{prefix}_{name}": value for name, value in here.items()}


def check_contents(image: Image, service: str) -> None:
    """Check the user, that nothing is writable, and that no other service is inside."""
    if (uid := image.python("import os; print(os.getuid())")) != str(UID):
        raise Broken(f"runs as {uid}, not as {UID}")
    writable = "import os; print([d for d, _, _ in os.walk('/opt/tremplin') if os.access(d, os.W_OK)])"
    if (found := image.python(writable)) != "[]":
        raise Broken(f"its user can write: {found}")
    for other in set(SERVICES) - {service}:
        if f"No module named 'services.{other}'" not in (answer := image.python(f"import services.{other}")):
            raise Broken(f"services.{other} is inside: {answer}")


def status_of(port: int, path: str) -> int:
    """HTTP status of a path; 0 while nobody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def expect_status(port: int, path: str, *, expected: int) -> None:
    """Wait until `path` answers, then demand `expected`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := status_of(port, path)) == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    if status != expected:
        raise Broken(f"{path} answered {status}, not {expected}")


@contextmanager
def running(image: Image, env: dict[str, str]) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """The image's own command, started; what it said is shown when something is broken, and it never outlives us."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        pid, log = folder / "pid", folder / "log"
        # The exec form of the CMD again: the shell that writes its pid becomes the service.
        wrapped = ["sh", "-c", 'echo $$ > /run/smoke/pid; exec "$@"', "sh", *image.command]
        command = image.arguments(wrapped, env=env, volume=f"{folder}:/run/smoke")
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield process, pid
        except Broken:
            sys.stderr.write(log.read_text(encoding="utf-8", errors="replace")[-LOG_SHOWN:])
            raise
        finally:
            if process.poll() is None and pid.exists():
                os.kill(int(pid.read_text(encoding="ascii")), signal.SIGKILL)
            process.kill()
            process.wait()


def check_process(image: Image, env: dict[str, str], *, port: int) -> None:
    """Check health without a database, then a stop on SIGTERM."""
    with running(image, env) as (process, pid):
        expect_status(port, "/livez", expected=200)
        expect_status(port, "/readyz", expected=503)
        if image.run(image.health, env=env).returncode == 0:
            raise Broken("its HEALTHCHECK is content although /readyz answers 503")
        os.kill(int(pid.read_text(encoding="ascii")), signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Broken(f"still runs {PATIENCE_SECONDS} s after SIGTERM") from late


def free_port() -> int:
    """Return a port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(service: str, reference: str) -> None:
    """Check one image and say so in one line."""
    port = free_port()
    image = Image(reference)
    try:
        check_contents(image, service)
        check_process(image, settings(service, port=port), port=port)
    except Broken as broken:
        sys.exit(f"image: tremplin-{service} {broken}")
    finally:
        image.remove()
    sys.stdout.write(
        f"image: tremplin-{service} runs as {UID}, live, not ready without its database, stops on SIGTERM\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
