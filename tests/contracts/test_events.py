"""Every event ever published can still be read, says what it said, and carries nobody's identity."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.events.catalogue import BY_TYPE, SPOKEN, UPCASTING, read_fact
from shared.events.envelope import BadEnvelope, Envelope
from tests.contracts.golden import GOLDEN, MANIFEST, enter, faults, next_file, published, struck_out, type_of

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
PUBLISHED = pytest.mark.parametrize("path", published(GOLDEN), ids=lambda path: path.stem)


@PUBLISHED
def test_every_payload_ever_published_is_read_as_the_newest_version(path: Path) -> None:
    content = json.loads(path.read_text())
    envelope = Envelope.from_json(path.read_bytes())
    fact = read_fact(envelope.type, envelope.data)
    newest, data = UPCASTING.current(content["type"], content["data"])
    assert newest == fact.TYPE
    assert type(fact) is BY_TYPE[newest]
    assert fact.aggregate_id == content["subject"]
    assert fact.version == content["aggregateversion"]
    assert says(json.loads(fact.model_dump_json()), data)
    assert read_fact(content["type"], content["data"]) == fact


def says(read: Any, content: Any) -> bool:
    """Whether what was read holds all of the content; fields that came later may stand beside it."""
    if isinstance(content, dict):
        return all(name in read and says(read[name], value) for name, value in content.items())
    if isinstance(content, list):
        return len(read) == len(content) and all(map(says, read, content))
    return bool(read == content)


@pytest.mark.parametrize(
    ("read", "content"),
    [
        ({"a": 1}, {"a": 2}),
        ({}, {"a": None}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}),
    ],
)
def test_content_that_was_lost_in_reading_is_seen(read: Any, content: Any) -> None:
    assert not says(read, content)
    assert says(content, content)


@PUBLISHED
def test_every_envelope_ever_published_is_cloudevents_and_comes_out_as_it_went_in(path: Path) -> None:
    content = json.loads(path.read_text())
    envelope = Envelope.from_json(path.read_bytes())
    assert content["specversion"] == "1.0"
    assert content["datacontenttype"] == "application/json"
    assert content["type"] == type_of(path)
    assert content["source"] == f"/{envelope.speaker}/{envelope.partition:02d}"
    assert content["sequence"] == f"{envelope.sequence:020d}"
    assert envelope.recorded_at.utcoffset() is not None
    assert (
        envelope.subject
        == f"evt.{envelope.speaker}.p{content['partitionkey']}.{type_of(path).split('.', 1)[1]}"
    )
    assert json.loads(envelope.to_json()) == content


@PUBLISHED
def test_fields_that_a_later_version_adds_are_ignored(path: Path) -> None:
    content = json.loads(path.read_text())
    more = with_unknown_fields(content)
    envelope = Envelope.from_json(json.dumps(more).encode())
    assert "field_to_come" in envelope.data
    assert read_fact(envelope.type, envelope.data) == read_fact(content["type"], content["data"])


def with_unknown_fields(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: with_unknown_fields(value) for name, value in content.items()} | {
            "field_to_come": {"a": 1}
        }
    if isinstance(content, list):
        return [with_unknown_fields(item) for item in content]
    return content


def test_what_was_published_is_there_unchanged_entered_and_read() -> None:
    assert faults(GOLDEN, readable=UPCASTING, spoken=set(BY_TYPE)) == []
    assert struck_out(GOLDEN) == []


def test_every_field_of_every_event_is_shown_by_a_payload() -> None:
    assert [event.TYPE for event in BY_TYPE.values() if next_file(GOLDEN, event)] == []


GRANTED = "labelling.label.granted.v1.json"


def remove(folder: Path) -> None:
    (folder / GRANTED).unlink()


def remove_with_its_entry(folder: Path) -> None:
    remove(folder)
    kept = [line for line in (folder / MANIFEST).read_text().splitlines() if not line.endswith(GRANTED)]
    (folder / MANIFEST).write_text("\n".join(kept) + "\n")


def change(folder: Path) -> None:
    (folder / GRANTED).write_text((folder / GRANTED).read_text().replace("2019-02-02", "2019-02-03"))


def copy_unentered(folder: Path) -> None:
    shutil.copy(folder / GRANTED, folder / "labelling.label.granted.v1-2.json")


def publish_unknown(folder: Path) -> None:
    shutil.copy(folder / GRANTED, folder / "labelling.label.granted.v2.json")
    enter(folder)


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (remove, f"{GRANTED} was published and is gone"),
        (remove_with_its_entry, "labelling.label.granted.v1 has no golden payload"),
        (change, f"{GRANTED} was published and has changed"),
        (copy_unentered, f"labelling.label.granted.v1-2.json is not entered in {MANIFEST}"),
        (publish_unknown, "labelling.label.granted.v2 was published and is read no more"),
    ],
)
def test_a_payload_that_is_removed_changed_or_slipped_in_is_seen(
    tmp_path: Path, plant: Callable[[Path], None], fault: str
) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "events")
    plant(folder)
    assert fault in faults(folder, readable=UPCASTING, spoken=set(BY_TYPE))


def test_an_entry_that_an_older_commit_has_cannot_be_struck_out(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "checkout" / "events")
    git = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.test"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--no-verify", "-m", "events"]):
        subprocess.run([*git, *command], check=True)
    assert struck_out(folder) == []

    remove_with_its_entry(folder)

    assert [line.split()[1] for line in struck_out(folder)] == [GRANTED]


def test_a_type_that_got_a_field_gets_another_payload(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "events")
    longer = type(
        "Longer",
        (BY_TYPE[GRANTED.removesuffix(".json")],),
        {"__annotations__": {"added": int | None}, "added": None},
    )

    assert next_file(folder, longer) == folder / "labelling.label.granted.v1-2.json"


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


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"source": 3}', '{"source": "/x/y"}', "null", "\udcff"]
)
def test_what_is_no_envelope_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(BadEnvelope):
        Envelope.from_json(text.encode("utf-8", "surrogateescape"))
