"""Plays the year 2016 on a running stack, through its public doors only, and holds it against what was published."""

import sys

from deploy.demo import table
from deploy.demo.cast import gathered
from deploy.demo.failures import Stopped
from deploy.demo.fixture import Fixture, generate
from deploy.demo.fixture.model import FixtureName
from deploy.demo.readings import Computed, read_lines
from deploy.demo.replay import label, train
from deploy.demo.sending import push
from deploy.demo.steps import steps_on_stdout
from deploy.demo.tries import print_tries
from deploy.local.stack import Stack

WRONG = 1


async def play(stack: Stack) -> int:
    """Replay, read, compare. 0 if every published figure was reproduced; the last line says how many were."""
    fixture = generate(_name_of(stack), seed=stack.seed)
    try:
        computed = await _replayed(stack, fixture)
    except Stopped as reason:
        sys.stderr.write(f"demo: stopped. {reason}\n")
        return WRONG
    table.print_table(computed)
    if not stack.once:
        print_tries(stack, fixture=fixture)
    _say(*table.closing_lines(computed))
    return 0 if all(one.reproduced for one in computed) else WRONG


def _name_of(stack: Stack) -> FixtureName:
    return "r2" if stack.fixture == "r2" else "r1"


async def _replayed(stack: Stack, fixture: Fixture) -> list[Computed]:
    with steps_on_stdout() as steps:
        async with gathered(stack, fixture=fixture, steps=steps) as cast:
            await label(cast)
            await train(cast)
            heard = await push(cast)
            return await read_lines(cast, heard=heard)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
