"""What goes out on the wire: lots with their lines, planted faults, and the verdicts that lines deserve."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from deploy.demo.bodies.followup import lot_body
from deploy.demo.failures import Stopped
from deploy.demo.fixture import Fixture
from deploy.demo.fixture.observations import Item, Phase
from deploy.demo.plants import planted
from deploy.demo.verdicts import Sent, check, summary


def items_of(phases: Sequence[Phase]) -> list[Item]:
    return [item for phase in phases for lot in phase.lots for item in lot.items]


def deserved(phases: Sequence[Phase]) -> list[Sent]:
    said: set[object] = set()

    def verdict(phase: Phase, item: Item) -> str:
        again = item.observation in said
        said.add(item.observation)
        if again:
            return "duplicate"
        return "waiting" if phase.name == "before_exits" else "accepted"

    return [Sent(phase, [(item, verdict(phase, item)) for item in items_of([phase])]) for phase in phases]


def test_every_lot_can_be_written_and_says_what_was_searched(r1: Fixture) -> None:
    ids = {one.key: f"id of {one.key.reference}" for one in r1.enrolments}
    for phase in r1.phases:
        for lot in phase.lots:
            body = json.loads(json.dumps(lot_body(lot, ids=ids)))

            assert body["lot"]["period"]["from"] == f"{lot.period}-01"
            assert body["lot"]["complete_to"].startswith(lot.period)
            assert len(body["items"]) == len(lot.items)


def test_a_retraction_names_a_reference_and_nobody(r1: Fixture) -> None:
    ids = {one.key: one.key.reference for one in r1.enrolments}
    lines = [line for lot in r1.phases[2].lots for line in lot_body(lot, ids=ids)["items"]]

    retractions = [set(line) for line in lines if line["kind"] == "retraction"]
    assert retractions == [{"kind", "reference", "collected_on"}] * 20
    assert all("enrolment" in line for line in lines if line["kind"] != "retraction")


@pytest.mark.parametrize(
    ("plant", "missing"),
    [
        ("spurious", {"retraction": 10, "retraction_again": 10}),
        ("uncorrected", {"correction": 20}),
    ],
)
def test_a_planted_sender_leaves_out_one_kind_of_mending(
    r1: Fixture, plant: str, missing: dict[str, int]
) -> None:
    whole, kept = items_of(r1.phases), items_of(planted(r1.phases, plant=plant))

    left_out = Counter(item.purpose for item in whole) - Counter(item.purpose for item in kept)
    assert dict(left_out) == missing


def test_a_planted_sender_loses_one_lot_of_the_first_sending(r1: Fixture) -> None:
    before, after = r1.phases, planted(r1.phases, plant="lost")

    assert [len(phase.lots) for phase in after] == [1, len(before[1].lots) - 1, len(before[2].lots)]
    assert (after[0], after[2]) == (before[0], before[2])


def test_without_a_plant_everything_is_sent(r1: Fixture) -> None:
    assert planted(r1.phases, plant=None) == r1.phases


def test_the_verdicts_that_lines_deserve_pass(r1: Fixture) -> None:
    sendings = deserved(r1.phases)

    check(sendings)
    assert summary(sendings) == (
        "before_exits 12 waiting; first_sending 1598 accepted; second_sending 30 accepted, 40 duplicate"
    )


@pytest.mark.parametrize(
    ("place", "wrong"),
    [(0, "accepted"), (1, "waiting"), (1, "duplicate"), (2, "accepted"), (2, "older_than_held")],
)
def test_one_line_judged_otherwise_is_named(r1: Fixture, place: int, wrong: str) -> None:
    sendings = deserved(r1.phases)

    with pytest.raises(Stopped, match=rf"1 lines .* FT-\d+ got {wrong} instead of "):
        check(_judged(sendings, place=place, verdict=lambda right: wrong if right != wrong else right))


def _judged(sendings: list[Sent], *, place: int, verdict: Callable[[str], str]) -> list[Sent]:
    """The sendings with the first verdict of one phase that changes changed."""
    lines = list(sendings[place].lines)
    index = next(index for index, (_, right) in enumerate(lines) if verdict(right) != right)
    lines[index] = (lines[index][0], verdict(lines[index][1]))
    return [*sendings[:place], replace(sendings[place], lines=lines), *sendings[place + 1 :]]
