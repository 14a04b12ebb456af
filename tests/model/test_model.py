"""Every law holds in every state of the small model, and each planted fault breaks the law it should."""

import json
from functools import cache

import pytest

from tests.model import story
from tests.model.__main__ import report
from tests.model.configurations import (
    DEEP,
    DRIVEN,
    LISTENERS,
    LOSSES,
    POISON,
    RELAYS,
    RESTORED,
    SHORT,
    WIPES,
    WORKERS,
    Configuration,
    Fault,
)
from tests.model.explorer import Exploration, explore
from tests.model.laws import Law
from tests.model.plants import Plant, Spare
from tests.model.trials import SPARES, TRIALS, Trial
from tests.model.world import World

REACHED = [
    (LOSSES, "the broker loses {}"),
    (LOSSES, "a worker asks the speaker's log and is given {}"),
    (LOSSES, "a worker crashes with {} applied and not committed"),
    (WORKERS, "a worker has seen {} already"),
    (RELAYS, "the fence refuses that a relay advances over {}"),
    (RELAYS, "the broker stores only {}, and confirms nothing"),
    (WIPES, "the relay reconnects and looks at what the broker holds"),
    (WIPES, "the old copy with {} is put back"),
    (POISON, "the effects of {} are committed"),
    (DRIVEN, "a person drives {} again"),
    (RESTORED, "the listener stops and rings the alarm"),
    (RESTORED, "a person decides that {} never happened"),
    (RESTORED, "the speaker's log does not know {}"),
    (LISTENERS, "a worker acknowledges {}"),
]


@cache
def explored(configuration: Configuration) -> Exploration:
    return explore(World(configuration))


@pytest.mark.parametrize("configuration", SHORT, ids=lambda configuration: configuration.name)
def test_every_law_holds_in_every_state(configuration: Configuration) -> None:
    found = explored(configuration).found

    assert found is None, "\n".join(story.lines(found, World(configuration)))


@pytest.mark.parametrize(("configuration", "said"), REACHED, ids=lambda value: getattr(value, "name", value))
def test_what_a_configuration_looks_at_does_happen_in_it(configuration: Configuration, said: str) -> None:
    assert said in explored(configuration).said


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.plant.name)
def test_a_planted_fault_breaks_its_law(trial: Trial) -> None:
    found = explore(World(trial.configuration, trial.plant), judged=frozenset({trial.law})).found

    assert found is not None
    assert found.law is trial.law


@pytest.mark.parametrize(("spare", "configuration"), SPARES, ids=lambda value: value.name)
def test_no_law_depends_on_a_guard_that_only_saves_work(spare: Spare, configuration: Configuration) -> None:
    assert explore(World(configuration, spare)).found is None


def test_every_plant_has_its_trial_and_every_law_its_plant() -> None:
    assert [trial.plant for trial in TRIALS] == list(Plant)
    assert {trial.law for trial in TRIALS} == set(Law)
    assert [spare for spare, _ in SPARES] == list(Spare)


def test_every_fault_happens_in_the_short_form_and_in_the_deep_one() -> None:
    for configurations in (SHORT, DEEP):
        assert {fault for configuration in configurations for fault in configuration.faults} == set(Fault)


def test_a_counterexample_is_told_in_sentences() -> None:
    world = World(LOSSES, Plant.SKIP_CONTIGUITY)
    found = explore(world, judged=frozenset({Law.PREFIX})).found

    assert found is not None
    assert list(story.lines(found, world)) == [
        "  1. The speaker commits 1 (A).",
        "  2. The speaker commits 2 (B).",
        "  3. A relay takes the lease.",
        "  4. The relay reads 1 (A) and 2 (B).",
        "  5. The broker confirms 1 (A) and 2 (B).",
        "  6. A worker fetches 2 (B).",
        "  7. A worker locks the position and applies 2 (B).",
        "  8. A worker commits the effects of 2 (B) with its position.",
        "     Then:",
        "     the log holds 1, 2; the relay's cursor is at 0",
        "     the broker holds 1, 2",
        "     a listener is at position 2, with the effects of 2, and nothing parked",
        f"     Broken: {Law.PREFIX.value}.",
    ]


def test_the_report_ends_with_a_line_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code = report([World(LOSSES)], [Trial(Plant.SKIP_CONTIGUITY, LOSSES, Law.PREFIX)])

    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == 0
    assert summary.keys() == {"states", "transitions", "violations", "plants_found", "plants", "seconds"}
    assert summary["states"] == explored(LOSSES).states
    assert (summary["violations"], summary["plants_found"], summary["plants"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("worlds", "trials", "said"),
    [
        ([World(LOSSES, Plant.IGNORE_WATERMARK)], [], "BROKEN"),
        ([], [Trial(Plant.PARK_ALONE, LOSSES, Law.ORDER)], "NOT FOUND"),
    ],
    ids=["a law is broken", "a plant is not found"],
)
def test_the_report_fails(
    capsys: pytest.CaptureFixture[str], worlds: list[World], trials: list[Trial], said: str
) -> None:
    assert report(worlds, trials) == 1
    assert said in capsys.readouterr().out
