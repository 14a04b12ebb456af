"""The registry: what it must hold, and what it must refuse."""

from pathlib import Path
from typing import Any

import pytest

from services.indicators.domain.definitions import BadDefinition, Clock, Term, definition_from
from services.indicators.repository.definitions import digest_of, read_registry, registry

NEEDED = {
    "entries", "completions", "abandons", "in_training", "trained_or_in_training", "completion_rate",
    "trainings_labelled", "trainings_labelled_cum", "share_titre_pro", "share_attestation", "share_diploma",
    "avg_duration_months", "share_hours_inperson", "share_hours_online", "share_free", "share_support",
    "share_followup", "share_practice", "maturity_3", "maturity_6", "response_3", "response_6", "insertion_3",
    "insertion_6", "insertion_3_floor", "insertion_6_floor", "insertion_3_ceil", "insertion_6_ceil",
    "insertion_3_net", "insertion_6_net", "insertion_all_3", "insertion_all_6", "positive_exit_3", "positive_exit_6",
    "mix_6_non_precarious", "mix_6_entrepreneurship", "mix_6_interim", "share_women", "share_qpv", "share_neet",
    "share_low_qualified", "share_jobseeker",
}  # fmt: skip
CONTENT: dict[str, Any] = {
    "id": "insertion_6",
    "version": "1.0.0",
    "label": {"fr": "Taux", "en": "Rate"},
    "population": {"fr": "personnes", "en": "people"},
    "unit": "percent",
    "clock": {"kind": "wave", "wave": 6, "exits": ["completed"]},
    "numerator": ["e"],
    "denominator": ["e", "s", "u", "o"],
    "unknown": ["q"],
    "rounding": {"places": 0},
    "disclosure": "D2",
    "filters": ["region"],
    "sources": ["followup"],
}


def test_the_registry_holds_every_indicator_that_is_needed() -> None:
    assert set(registry()) == NEEDED


def test_a_definition_is_read() -> None:
    made = definition_from(CONTENT | {"numerator": ["e", "-s"]}, digest="d")

    assert (made.clock, made.wave, made.exits) == (Clock.WAVE, 6, ("completed",))
    assert made.numerator == (Term("e"), Term("s", sign=-1))


@pytest.mark.parametrize(
    "fault",
    [
        {"id": "Insertion"},
        {"version": "1.0"},
        {"unit": "share_of_something"},
        {"clock": {"kind": "wave", "wave": 4, "exits": ["completed"]}},
        {"clock": {"kind": "flow", "wave": 6}},
        {"clock": {"kind": "wave", "wave": 6, "exits": []}},
        {"clock": {"kind": "wave", "wave": 6, "exits": ["transferred"]}},
        {"numerator": ["entered"]},
        {"numerator": ["e+s"]},
        {"numerator": ["e@women:no"]},
        {"numerator": ["e@men:yes"]},
        {"denominator": []},
        {"filters": ["birth_name"]},
        {"disclosure": "D9"},
        {"rounding": {"places": 7}},
        {"flags": ["X"]},
        {"surprise": 1},
        {"label": {"fr": "Taux"}},
    ],
)
def test_a_faulty_definition_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(BadDefinition, match=str(fault.get("id", "insertion_6"))):
        definition_from(CONTENT | fault, digest="d")


def test_classes_of_jobs_are_those_of_completers() -> None:
    clock = {"kind": "wave", "wave": 6, "exits": ["completed", "abandoned"]}

    with pytest.raises(BadDefinition):
        definition_from(CONTENT | {"clock": clock, "numerator": ["temp_agency"]}, digest="d")


def test_the_digest_follows_what_is_said_and_not_how_it_is_laid_out() -> None:
    same = dict(reversed(CONTENT.items()))

    assert digest_of(same) == digest_of(CONTENT)
    assert digest_of(CONTENT | {"unknown": []}) != digest_of(CONTENT)


def test_a_file_is_named_by_the_definition_it_holds(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("id: insertion_6\n", encoding="utf-8")

    with pytest.raises(BadDefinition, match=r"other\.yaml"):
        read_registry(tmp_path)
