"""The verbs of `python -m deploy.local`; the environment gives STATE, PORT_BASE and the rest."""

import os
import sys

import typer

from deploy.local import embedded, logfiles, verbs
from deploy.local.launcher import Launcher
from deploy.local.place import place_of
from deploy.local.refusals import BROKEN, REFUSED, Broken, Refused
from deploy.local.stack import Stack
from deploy.local.state import Content, content_of

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def run() -> None:
    """Start the stack and stay up until Ctrl-C."""

    async def use(launcher: Launcher, stack: Stack) -> int:
        verbs.print_addresses(stack)
        await launcher.until_asked()
        return 0

    raise typer.Exit(_start(content_of(os.environ), use=use))


@app.command()
def demo() -> None:
    """Start the stack and play the year 2016 on it; ONCE=1 stops it afterwards."""
    once = _is_set("ONCE")
    verbs.check_player()

    async def use(launcher: Launcher, stack: Stack) -> int:
        return await verbs.play(stack, launcher=launcher, once=once)

    raise typer.Exit(_start(content_of(os.environ, fixture="r1"), use=use))


@app.command()
def down() -> None:
    """Stop the running stack of this state and wait for its end."""
    verbs.down(place_of(os.environ))


@app.command()
def status() -> None:
    """Show processes, addresses, readiness and figures."""
    verbs.status(place_of(os.environ))


@app.command()
def reset() -> None:
    """Forget this state: delete its folder."""
    verbs.reset(place_of(os.environ))


@app.command()
def logs() -> None:
    """Print the end of each log; FOLLOW=1 goes on."""
    logfiles.show(place_of(os.environ), follow=_is_set("FOLLOW"))


@app.command()
def token() -> None:
    """Print an access token of CLIENT and nothing else."""
    verbs.token(place_of(os.environ), client=os.environ.get("CLIENT", ""))


def main() -> None:
    """Run a verb. 2 is a refusal before anything was started, 1 a failure after it."""
    try:
        app()
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(REFUSED)
    except Broken as failure:
        lines = "".join(f"  | {line}\n" for line in failure.last_lines)
        sys.stderr.write(f"{failure} Everything is stopped.\n{lines}")
        sys.exit(BROKEN)


def _start(content: Content, *, use: embedded.Use) -> int:
    place = place_of(os.environ)
    return embedded.start(place, content, programs=embedded.find_programs(os.environ), use=use)


def _is_set(knob: str) -> bool:
    return os.environ.get(knob, "") not in {"", "0"}
