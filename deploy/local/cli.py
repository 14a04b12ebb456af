"""The verbs of `python -m deploy.local`; the environment gives STATE, PORT_BASE and the rest."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from deploy.local import embedded, logfiles, verbs
from deploy.local.launcher import Launcher
from deploy.local.place import STATES, Place, place_of
from deploy.local.refusals import BROKEN, REFUSED, Broken, Refused
from deploy.local.stack import Stack
from deploy.local.state import Content, content_of


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What tests replace: the folder of the states, the parts of a stack, and who plays on it."""

    root: Path = STATES
    compose: embedded.Compose = embedded.everything
    player: str = "deploy.demo.player"

    @property
    def place(self) -> Place:
        """The place that the environment chooses."""
        return place_of(os.environ, root=self.root)


app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def run(context: typer.Context) -> None:
    """Start the stack and stay up until Ctrl-C."""

    async def use(launcher: Launcher, stack: Stack) -> int:
        verbs.print_hints(stack)
        await launcher.until_asked()
        return 0

    raise typer.Exit(_start(context, content=content_of(os.environ), use=use))


@app.command()
def demo(context: typer.Context) -> None:
    """Start the stack and play the year 2016 on it; ONCE=1 stops it afterwards."""
    once = _is_set("ONCE")
    player = _scene(context).player
    verbs.check_player(player)

    async def use(launcher: Launcher, stack: Stack) -> int:
        return await verbs.play(player, stack=stack, launcher=launcher, once=once)

    raise typer.Exit(_start(context, content=content_of(os.environ, fixture="r1"), use=use))


@app.command()
def down(context: typer.Context) -> None:
    """Stop the running stack of this state and wait for its end."""
    verbs.down(_scene(context).place)


@app.command()
def status(context: typer.Context) -> None:
    """Show processes, addresses, readiness and figures."""
    verbs.status(_scene(context).place)


@app.command()
def reset(context: typer.Context) -> None:
    """Forget this state: delete its folder."""
    verbs.reset(_scene(context).place)


@app.command()
def logs(context: typer.Context) -> None:
    """Print the end of each log; FOLLOW=1 goes on."""
    logfiles.show(_scene(context).place, follow=_is_set("FOLLOW"))


@app.command()
def token(context: typer.Context) -> None:
    """Print an access token of CLIENT and nothing else."""
    verbs.token(_scene(context).place, client=os.environ.get("CLIENT", ""))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)
def operate(context: typer.Context) -> None:
    """Run an operators' verb with the settings of the running stack; `operate --help` lists them."""
    raise typer.Exit(verbs.operate(_scene(context).place, words=context.args))


def main(scene: Scene | None = None) -> None:
    """Run a verb. 2 is a refusal before anything was started, 1 a failure after it."""
    try:
        app(obj=scene or Scene())
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(REFUSED)
    except Broken as failure:
        lines = "".join(f"  | {line}\n" for line in failure.last_lines)
        sys.stderr.write(f"{failure} Everything is stopped.\n{lines}")
        sys.exit(BROKEN)


def _start(context: typer.Context, *, content: Content, use: embedded.Use) -> int:
    scene = _scene(context)
    programs = embedded.find_programs(os.environ)
    return embedded.start(scene.place, content, programs=programs, use=use, compose=scene.compose)


def _scene(context: typer.Context) -> Scene:
    scene: Scene = context.obj
    return scene


def _is_set(knob: str) -> bool:
    return os.environ.get(knob, "") not in {"", "0"}
