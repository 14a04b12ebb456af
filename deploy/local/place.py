"""Where one stack lives: its folder, its ports, and the knobs of the environment that choose them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import refusals

PROJECT = Path(__file__).resolve().parents[2]
STATES = PROJECT / ".local"
SERVICES = ("labelling", "enrolment", "followup", "indicators")
HOST = "127.0.0.1"

_NAMES = ("identity", *SERVICES, "postgres", "nats", "nats monitoring")
_STATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)
_LOWEST, _HIGHEST = 1024, 65536 - len(_NAMES)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Folder and ports of one state. Nothing here touches the disk."""

    root: Path
    state: str = "default"
    port_base: int = 8100

    @property
    def directory(self) -> Path:
        """Everything this state owns."""
        return self.root / self.state

    @property
    def ports(self) -> dict[str, int]:
        """Port of each part, in the order of their names."""
        return {name: self.port_base + offset for offset, name in enumerate(_NAMES)}

    @property
    def urls(self) -> dict[str, str]:
        """Base URL of the identity provider and of each service."""
        return {name: f"http://{HOST}:{self.ports[name]}" for name in ("identity", *SERVICES)}

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.directory / "logs"

    def log(self, name: str) -> Path:
        """Log of one process."""
        return self.logs / f"{name}.log"

    @property
    def nats(self) -> Path:
        """Configuration, seeds and streams of the broker."""
        return self.directory / "nats"

    def seed_file(self, identity: str) -> Path:
        """The nkey seed of one identity of the broker."""
        return self.nats / "seeds" / f"{identity}.seed"


def place_of(environment: Mapping[str, str], *, root: Path = STATES) -> Place:
    """The place that STATE and PORT_BASE choose."""
    state = environment.get("STATE") or "default"
    if not _STATE.fullmatch(state):
        raise refusals.bad_state_name(state)
    text = environment.get("PORT_BASE") or "8100"
    if not text.isascii() or not text.isdigit() or not _LOWEST <= int(text) <= _HIGHEST:
        raise refusals.bad_port_base(text)
    return Place(root=root, state=state, port_base=int(text))
