"""Every event ever published can still be read, says what it said, and carries nobody's identity."""

import json
from pathlib import Path

import pytest

from shared.events.catalogue import BY_TYPE, SPOKEN
from shared.events.envelope import BadEnvelope, Envelope
from shared.platform.applying import decode

GOLDEN = Path(__file__).resolve().parent / "events"
FORBIDDEN = {
    "name",
    "first_names",
    "birth_name",
    "usual_name",
    "birth_date",
    "email",
    "phone",
    "address",
    "nir",
}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_payload_ever_published_is_still_read_to_the_same_content(path: Path) -> None:
    published = json.loads(path.read_text())
    envelope = Envelope.from_json(path.read_bytes())
    fact = decode(envelope)
    assert published["type"] == fact.TYPE
    assert fact.aggregate_id == published["subject"]
    assert fact.version == published["aggregateversion"] == published["data"]["version"]
    read_back = json.loads(fact.model_dump_json())
    assert {name: read_back[name] for name in published["data"]} == published["data"]


def test_every_event_type_has_a_golden_payload_and_the_other_way_round() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(BY_TYPE)


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=BY_TYPE.keys())
def test_a_type_names_its_speaker_and_a_subject_with_the_partition(event: type) -> None:
    speaker, aggregate, verb, version = event.TYPE.split(".")  # type: ignore[attr-defined]
    assert event in SPOKEN[speaker]
    assert aggregate
    assert verb
    assert version[0] == "v"


def test_no_event_of_learners_has_a_field_for_an_identity() -> None:
    for event in (*SPOKEN["enrolment"], *SPOKEN["followup"]):
        fields = set(event.model_fields)
        assert not fields & FORBIDDEN, event.TYPE


def test_the_envelope_is_cloudevents_with_a_zero_padded_sequence() -> None:
    text = (GOLDEN / "followup.outcome.settled.v1.json").read_text()
    content = json.loads(text)
    envelope = Envelope.from_json(text.encode())
    assert content["specversion"] == "1.0"
    assert content["sequence"] == f"{1234:020d}"
    assert envelope.subject == f"evt.followup.p{int(content['partitionkey']):02d}.outcome.settled.v1"
    assert json.loads(envelope.to_json()) == content


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"source": 3}', '{"source": "/x/y"}', "null", "\udcff"]
)
def test_what_is_no_envelope_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(BadEnvelope):
        Envelope.from_json(text.encode("utf-8", "surrogateescape"))
