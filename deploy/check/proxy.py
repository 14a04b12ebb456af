"""Runs the proxy's configuration in an nginx of this machine and looks at what passes."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

MIB = 1024 * 1024
PATIENCE_SECONDS = 5.0
REQUEST_ID = "8c0f2d5e-7d0f-4c39-9a43-0b9c2f4f6a11"

_TEMPORARY = "/tmp/"  # noqa: S108 - as nginx.conf says it; the trial puts its own folder there
_SEARCHED = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"

PASSES = {
    # An encoded slash of a reference and a query arrive as they were written.
    "/labelling/v1/x%2Fy?q=a%20b": "/v1/x%2Fy?q=a%20b",
    "/followup/readyz": "/readyz",
    "/identity/realms/tremplin/token": "/identity/realms/tremplin/token",
}
REFUSED = {
    "/": 404,
    "/labelling": 404,
    "/labelling/metrics": 404,
    "/labelling/%6detrics": 404,
    "/labelling/v1/../metrics": 404,
    "/enrolment/v1/events?partition=1": 404,
    "/enrolment//v1/events": 404,
    "/enrolment/v1/events/heard": 404,
    "/enrolment/exchangez": 404,
    "/identity/admin/": 404,
    "/identity/realms/master/token": 404,
    "/labelling/../enrolment/v1/x": 400,
    "/%6cabelling/v1/x": 400,
    # Nobody listens there in this trial.
    "/indicators/v1/x": 502,
}
BODIES = {
    "/enrolment/v1/x": 4,
    # Files of imports pass through, and only they.
    "/enrolment/v1/holders/000000018/imports/ends": 40,
    "/followup/v1/imports/outcomes?lot=x": 40,
}
"""In MiB, what reaches a service."""


def headers_in_one_place(root: Path) -> list[str]:
    """A single proxy_set_header inside a location would silently drop all those of the level above."""
    lines = (root / "deploy/proxy/nginx.conf").read_text(encoding="utf-8").splitlines()
    outer = " " * 4 + "proxy_set_header"
    return [
        f"nginx.conf:{number}: proxy_set_header below the http level"
        for number, line in enumerate(lines, start=1)
        if "proxy_set_header" in line and not line.startswith((outer, "    #"))
    ]


def can_run() -> bool:
    """Whether this machine has nginx."""
    return shutil.which("nginx", path=_SEARCHED) is not None


def behaviour(root: Path) -> list[str]:
    """What should pass arrives unchanged, what should not is refused with a problem."""
    with _stand_in() as upstream, _proxy(root, upstream=upstream) as port:
        faults = [
            fault for path, expected in PASSES.items() for fault in _passes(port, path, expected=expected)
        ]
        for path, expected in REFUSED.items():
            faults += _refused(port, path, expected=expected)
        faults += _refused(port, "/enrolment/v1/x", expected=413, body=bytes(5 * MIB + 1))
        faults += _refused(port, "/labelling/v1/imports/x", expected=413, body=bytes(5 * MIB + 1))
        for path, size in BODIES.items():
            status, _, _ = _ask(port, path, body=bytes(size * MIB + 1))
            faults += [] if status == 200 else [f"{path}: a body of {size} MiB is answered {status}"]  # noqa: PLR2004
        return faults


def _passes(port: int, path: str, *, expected: str) -> Iterator[str]:
    status, _, content = _ask(port, path)
    if status != 200:  # noqa: PLR2004
        yield f"{path}: answered {status}"
        return
    seen = json.loads(content)
    if seen["path"] != expected:
        yield f"{path}: arrives as {seen['path']}"
    if seen["headers"].get("X-Request-ID") != REQUEST_ID:
        yield f"{path}: loses its request id"
    prefix = "" if path.startswith("/identity/") else "/" + path.split("/")[1]
    if seen["headers"].get("X-Forwarded-Prefix", "") != prefix:
        yield f"{path}: its prefix is not passed on"


def _refused(port: int, path: str, *, expected: int, body: bytes | None = None) -> Iterator[str]:
    status, kind, content = _ask(port, path, body=body)
    if status != expected:
        yield f"{path}: answered {status}, not {expected}"
    elif kind != "application/problem+json" or json.loads(content)["status"] != expected:
        yield f"{path}: refused without a problem"


def _ask(port: int, path: str, *, body: bytes | None = None) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST" if body else "GET", path, body=body, headers={"X-Request-ID": REQUEST_ID})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _stand_in() -> Iterator[int]:
    """A server that answers what it was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _proxy(root: Path, *, upstream: int) -> Iterator[int]:
    """Nginx with our configuration, other ports and another place for its temporary files."""
    port, health = _free_port(), _free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Started by root, its workers are somebody else.
        folder.chmod(0o755)
        text = (root / "deploy/proxy/nginx.conf").read_text(encoding="utf-8")
        text = (
            text.replace(_TEMPORARY, f"{folder}/")
            .replace("/dev/stdout", f"{folder}/log")
            .replace("8081", str(health))
        )
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n", encoding="utf-8")
        (folder / "upstreams.conf").write_text(
            f"map $part $upstream {{ default 127.0.0.1:{upstream}; indicators 127.0.0.1:1; }}\n",
            encoding="utf-8",
        )
        command = [
            shutil.which("nginx", path=_SEARCHED) or "nginx",
            "-c",
            str(folder / "nginx.conf"),
            "-g",
            "daemon off;",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
