"""A real broker with the real rights, for one test."""

import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import httpx
import nats

from deploy.local.processes import die_with_parent
from deploy.nats import config, keys
from shared.platform import topology
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.provision import provision
from tests.support.cluster import free_port


@dataclass
class NatsServer:
    """A running server; it can be killed and started again on the same store."""

    folder: Path
    port: int
    monitoring_port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    def seed_file(self, identity: str) -> Path:
        """Seed of one identity."""
        return self.folder / "seeds" / f"{identity}.seed"

    def broker(self, identity: str) -> NatsBroker:
        """The port of one service, not connected yet."""
        return NatsBroker(self.url, identity=identity, seed_file=self.seed_file(identity))

    async def provision(self) -> None:
        """Make streams and consumers with the provisioner's identity."""
        client = await nats.connect(
            self.url,
            nkeys_seed=str(self.seed_file(topology.PROVISIONER)),
            inbox_prefix=topology.inbox_of(topology.PROVISIONER).encode(),
        )
        await provision(client.jetstream())
        await client.close()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Start (again) and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(Path(sysconfig.get_path("scripts")) / "nats-server"),
                    "-c",
                    str(self.folder / "server.conf"),
                ],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(SIGTERM),  # noqa: PLW1509 - forks at once, holds no lock
            )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{self.monitoring_port}/healthz", timeout=1).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])


@contextmanager
def running_nats(folder: Path) -> Iterator[NatsServer]:
    """Start a server in `folder`; stop it at the end."""
    identities = list(topology.rights())
    port, monitoring_port = free_port(), free_port()
    (folder / "server.conf").write_text(
        config.render(
            keys.seeds_in(folder / "seeds", identities=identities),
            host="127.0.0.1",
            port=port,
            monitoring_port=monitoring_port,
            store_dir=str(folder / "store"),
        )
    )
    server = NatsServer(folder, port, monitoring_port, subprocess.Popen(["true"]))
    server.process.wait()
    server.start()
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(10)
