"""The whole demonstration in processes of its own: it reproduces 2016, twice, and notices a faulty sender."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

import pytest

from deploy.local.place import PROJECT, STATES
from tests.support.embedded import free_port_base

PATIENCE = 180.0
ALL_SAME = "demo: 20 of 20 published figures reproduced"
OF_THE_WAVES = {
    "insertion_3",
    "insertion_6",
    "mix_6_non_precarious",
    "mix_6_entrepreneurship",
    "mix_6_interim",
}


@pytest.fixture
def state() -> Iterator[str]:
    """A state that nobody has, forgotten at the end."""
    name = f"demo-test-{os.getpid()}"
    yield name
    shutil.rmtree(STATES / name, ignore_errors=True)


@contextmanager
def demo(state: str, **knobs: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run the verb; a terminal would change what is printed, a file does not."""
    output = STATES / f"{state}.out"
    environment = os.environ | {"STATE": state, "PORT_BASE": str(free_port_base())} | knobs
    STATES.mkdir(exist_ok=True)
    with output.open("wb") as stream:
        command = [sys.executable, "-m", "deploy.local", "demo"]
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        yield process, output
    finally:
        if process.poll() is None:
            process.send_signal(SIGTERM)
            process.wait(PATIENCE)
        output.unlink()


def played_once(state: str, **knobs: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    with demo(state, ONCE="1", **knobs) as (process, output):
        code = process.wait(PATIENCE)
        return code, output.read_text(encoding="utf-8")


def table_in(said: str) -> str:
    """The table and what follows it, up to the closing line."""
    return re.sub(r"(?s).*(2016 as published)", r"\1", said)


def await_text(wanted: str, output: Path, *, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while wanted not in (said := output.read_text(encoding="utf-8")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(said)
        time.sleep(0.1)
    return said


def test_2016_is_reproduced_and_a_second_run_changes_nothing(state: str) -> None:
    code, first = played_once(state)

    assert code == 0, first
    assert first.splitlines()[-1] == ALL_SAME
    assert (
        "before the mending: 3 months 431/1056 employed of 1400 matured; 6 months 438/679 employed" in first
    )
    assert (
        "after the mending:  3 months 420/1050 employed of 1400 matured; 6 months 432/675 employed" in first
    )
    assert (
        "before_exits 12 waiting; first_sending 1598 accepted; second_sending 30 accepted, 40 duplicate"
        in first
    )
    with demo(state) as (process, output):
        second = await_text("Ctrl-C stops it", output, process=process)
        assert "already mended by an earlier run" in second
        assert "30 older_than_held" in second
        shown, _, after = table_in(second).partition("Open:\n")
        assert f"{shown}{ALL_SAME}\n" == table_in(first)
        assert ALL_SAME in after.splitlines()
        _paste(after)
        process.send_signal(SIGTERM)
        assert process.wait(PATIENCE) == 0


def _paste(said: str) -> None:
    """Every command that is offered works in another folder, with nothing but a shell."""
    commands = [line for line in said.splitlines() if line.startswith("curl ")]
    answers = [
        subprocess.run(["sh", "-c", command], cwd="/", capture_output=True, text=True, check=True, timeout=30)
        for command in commands
    ]
    assert len(answers) == 3
    assert '"ratio":"432/675"' in answers[0].stdout
    assert '"status":"active"' in answers[1].stdout
    assert '"birth_name"' in answers[2].stdout


@pytest.mark.parametrize("plant", ["lost", "spurious", "uncorrected"])
def test_a_faulty_sender_is_noticed_in_the_waves_and_nowhere_else(state: str, plant: str) -> None:
    code, said = played_once(state, PLANT=plant)

    assert code == 1, said
    *_, differing, closing = said.splitlines()
    named = set(differing.removeprefix("differs: ").split(", "))
    assert named
    assert named <= OF_THE_WAVES
    assert closing == f"demo: {20 - len(named)} of 20 published figures reproduced"


def test_the_second_reading_of_2016_is_reproduced(state: str) -> None:
    code, said = played_once(state, FIXTURE="r2")

    assert code == 0, said
    assert said.splitlines()[-1] == ALL_SAME
    assert re.search(r"target_trained_8600 .* 4 587 ", said)
