"""Every sentence with which the launcher refuses to start or gives up, in one room."""

from collections.abc import Sequence
from pathlib import Path

REFUSED = 2
BROKEN = 1


class Refused(Exception):
    """Said before anything was started: the state is as it was."""


class Broken(Exception):
    """Something that was started failed; the launcher stops the rest."""

    def __init__(self, sentence: str, *, last_lines: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.last_lines = tuple(last_lines)


def bad_state_name(name: str) -> Refused:
    """A state's name becomes a folder that `reset` deletes, so its form is narrow."""
    return Refused(
        f"STATE={name!r} is not a name: use up to 40 letters, digits, - or _, a letter or a digit first."
    )


def bad_port_base(text: str) -> Refused:
    """Eight ports must fit above the privileged ones."""
    return Refused(f"PORT_BASE={text!r} is not a port between 1024 and 65528.")


def bad_choice(knob: str, value: str, *, choices: Sequence[str]) -> Refused:
    """A knob with a closed list of values."""
    return Refused(f"{knob}={value!r} is unknown: choose one of {', '.join(choices)}.")


def already_running(state: str, *, pid: int) -> Refused:
    """One launcher per state."""
    return Refused(
        f"The state '{state}' already runs (process {pid}):"
        f" use `make down STATE={state}`, or another STATE and PORT_BASE."
    )


def port_taken(port: int, *, name: str, holder: str, port_base: int) -> Refused:
    """Names the port, who holds it and the way out."""
    return Refused(
        f"Port {port} ({name}) is held by {holder}:"
        f" stop it, or choose another range, for example PORT_BASE={port_base + 100}."
    )


def other_content(state: str, *, knob: str, held: str, asked: str) -> Refused:
    """A state holds one fixture; another would mix two histories."""
    return Refused(
        f"The state '{state}' was made with {knob}={held} and {knob}={asked} is asked for:"
        f" use another STATE=, or `make reset STATE={state}`."
    )


def not_linux(platform: str) -> Refused:
    """Death signals, /proc and user namespaces are the kernel's."""
    return Refused(f"The embedded stack needs Linux and this is {platform}: use docker compose here.")


def not_writable(path: Path, *, reason: str) -> Refused:
    """The folder of the states cannot be made or written."""
    return Refused(f"Cannot write in {path}: {reason}.")


def not_a_state(path: Path) -> Refused:
    """Other things live beside the states; a name must not hand one of them to `reset`."""
    return Refused(f"{path} exists and is not a state of Tremplin: choose another STATE=.")


def damaged(path: Path) -> Refused:
    """A file of the state that cannot be read back."""
    return Refused(f"{path} cannot be read: restore it, or `make reset` the state.")


def no_binary(name: str, *, variable: str, package: str) -> Refused:
    """A server's program is missing."""
    return Refused(f"No {name} here: use `make`, which installs the package {package}, or set {variable}.")


def wrong_postgres(version: str, *, wanted: int) -> Refused:
    """An older server lacks functions and the collation that the schemas rely on."""
    return Refused(
        f"Postgres {wanted} or newer is needed and this one is {version}: correct TREMPLIN_POSTGRES_BIN."
    )


def other_major(state: str, *, held: str, found: int) -> Refused:
    """Data files are bound to the server's major version."""
    return Refused(
        f"The state '{state}' was made by Postgres {held} and this one is {found}:"
        f" set TREMPLIN_POSTGRES_BIN, or `make reset STATE={state}`."
    )


def data_in_use(data: Path, *, pids: Sequence[int]) -> Refused:
    """A server that we did not start, or that does not end, works in our data directory."""
    listed = ", ".join(map(str, pids))
    return Refused(f"Another Postgres (process {listed}) works in {data}: stop it first.")


def unreachable_as_nobody(path: Path) -> Refused:
    """Root without user namespaces: Postgres runs as `nobody`, who must reach its files."""
    return Refused(
        f"Postgres refuses to run as root and the user 'nobody' cannot reach {path}:"
        " run as an ordinary user, or move the checkout to a folder that others may enter."
    )


def not_running(state: str) -> Refused:
    """A verb that needs a running stack."""
    return Refused(f"Nothing runs in the state '{state}': start it with `make run STATE={state}`.")


def running(state: str, *, pid: int) -> Refused:
    """`reset` never deletes under a running stack."""
    return Refused(f"The state '{state}' is running (process {pid}): `make down STATE={state}` first.")


def strange_holder(state: str, *, pid: int) -> Refused:
    """`down` signals nobody it does not know."""
    return Refused(
        f"The state '{state}' is held by process {pid}, which is no launcher of it: nothing was stopped."
    )


def unknown_client(client: str, *, known: Sequence[str]) -> Refused:
    """`token` without a client, or with one that the identity provider does not know."""
    asked = f"CLIENT={client!r} is unknown" if client else "CLIENT= is missing"
    return Refused(f"{asked}: choose one of {', '.join(known)}.")


def no_player(module: str) -> Refused:
    """The demonstration is not part of this installation."""
    return Refused(f"The demonstration cannot be played: the module {module} is missing.")


def not_ready(name: str, *, seconds: float, last_lines: Sequence[str]) -> Broken:
    """A deadline passed."""
    return Broken(f"{name} was not ready within {seconds:.0f} s.", last_lines=last_lines)


def ended(name: str, *, code: int, last_lines: Sequence[str]) -> Broken:
    """A process that should have stayed, or a step that failed."""
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    return Broken(f"{name} {how}.", last_lines=last_lines)
