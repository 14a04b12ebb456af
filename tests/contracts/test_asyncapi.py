"""The published description of the exchange is the one in the repository, valid, and true of the code."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from importlib import import_module
from typing import Any

import pytest

from shared.events.catalogue import BY_TYPE, SPOKEN
from shared.events.followup import OutcomeSettled
from shared.events.labelling import LabelGranted
from shared.platform.exchange import asyncapi, event_schemas
from shared.platform.topology import HEARS, PARTITIONS, SPEAKERS, durables, rights, stream_of
from tests.contracts.asyncapi_checks import faults
from tests.contracts.examples import envelope_of, example_of
from tests.contracts.snapshot import ASYNCAPI, as_kept, asyncapi_of_all

Node = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Node:
    kept: Node = json.loads(ASYNCAPI.read_text())
    return kept


def test_the_description_is_the_one_in_the_repository() -> None:
    assert as_kept(asyncapi_of_all()) == ASYNCAPI.read_text(), (
        "the exchange changed: run `make openapi`, read the difference, commit both"
    )


def test_the_description_is_valid_and_so_are_its_examples(document: Node) -> None:
    assert faults(document) == []


def test_the_description_names_no_person_to_contact(document: Node) -> None:
    assert "contact" not in document["info"]


def test_an_event_that_is_recorded_has_just_the_attributes_that_are_described() -> None:
    content = json.loads(envelope_of(example_of(OutcomeSettled)).to_json())
    described = event_schemas.CLOUD_EVENT
    assert content.keys() <= described["properties"].keys()
    assert set(described["required"]) == content.keys() - {"traceparent", "previousid"}


@pytest.mark.parametrize("type_", BY_TYPE)
def test_the_subject_an_event_travels_on_is_the_address_of_its_channel(document: Node, type_: str) -> None:
    envelope = envelope_of(example_of(BY_TYPE[type_]))
    address = document["channels"][type_]["address"]
    assert address.format(partition=f"{envelope.partition:02d}") == envelope.subject


def operations(document: Node, action: str) -> set[tuple[str, str]]:
    """Service and channel of each operation."""
    return {
        (operation["tags"][0]["name"], operation["channel"]["$ref"].removeprefix("#/channels/"))
        for operation in document["operations"].values()
        if operation["action"] == action
    }


def test_each_service_says_what_the_catalogue_says_it_does(document: Node) -> None:
    said = {(speaker, event.TYPE) for speaker, events in SPOKEN.items() for event in events}
    assert operations(document, "send") == said | {(name, f"ctl.{name}.watermark") for name in SPEAKERS}


def test_each_service_hears_what_its_consumers_apply(document: Node) -> None:
    applied = {
        (listener, event.TYPE)
        for listener in SPEAKERS
        for subscription in import_module(f"services.{listener}.consumers").SUBSCRIPTIONS
        for event in SPOKEN[subscription.speaker]
        if issubclass(event, subscription.facts)
    }
    watermarks = {
        (listener, f"ctl.{speaker}.watermark") for listener, heard in HEARS.items() for speaker in heard
    }
    assert operations(document, "receive") == applied | watermarks
    assert ("indicators", OutcomeSettled.TYPE) in applied


def test_a_service_that_applies_less_is_described_otherwise(document: Node) -> None:
    deaf = {name: asyncapi.Participant(purpose="", subscriptions=()) for name in SPEAKERS}
    heard = operations(asyncapi.document(deaf, examples={}), "receive")
    assert heard < operations(document, "receive")
    assert {channel for _, channel in heard} == {f"ctl.{name}.watermark" for name in SPEAKERS[:3]}


def test_two_facts_of_one_name_would_share_a_schema_and_are_refused() -> None:
    with pytest.raises(event_schemas.SameName, match="LabelGranted"):
        event_schemas.of_all([LabelGranted, type("LabelGranted", (LabelGranted,), {})])


@pytest.mark.parametrize("action", ["send", "receive"])
def test_the_broker_lets_each_service_do_what_is_described(document: Node, action: str) -> None:
    for service, channel in operations(document, action):
        address = document["channels"][channel]["address"].format(partition="07")
        speaker = address.split(".")[1]
        if action == "receive" and address.startswith("evt."):
            group = durable_of(service, speaker)
            wanted, allowed = f"$JS.API.CONSUMER.MSG.NEXT.{stream_of(speaker)}.{group}", "publish"
        else:
            wanted, allowed = address, "publish" if action == "send" else "subscribe"
        assert any(covers(pattern, wanted) for pattern in rights()[service][allowed]), (service, wanted)


def durable_of(listener: str, speaker: str) -> str:
    (name,) = (one.name for one in durables(listener) if one.speaker == speaker and 7 in one.partitions)
    return name


def covers(pattern: str, subject: str) -> bool:
    """Whether a NATS pattern takes a subject."""
    parts = [{"*": "[^.]+", ">": ".+"}.get(part, re.escape(part)) for part in pattern.split(".")]
    return re.fullmatch(r"\.".join(parts), subject) is not None


def test_the_facts_of_the_broker_are_those_of_the_provisioner(document: Node) -> None:
    for speaker in SPEAKERS:
        stream = document["x-jetstream"][stream_of(speaker)]
        assert stream["partitions"] == PARTITIONS
        assert set(stream["durables"]) == {one.name for one in durables() if one.speaker == speaker}
        assert stream["retention"] == "limits"
        assert stream["discard"] == "new"


def drop(*path: str) -> Callable[[Node], None]:
    def change(document: Node) -> None:
        del at(document, path[:-1])[path[-1]]

    return change


def put(*path: str, value: Any) -> Callable[[Node], None]:
    def change(document: Node) -> None:
        at(document, path[:-1])[path[-1]] = value

    return change


def at(document: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


TYPE = OutcomeSettled.TYPE
MESSAGE = ("components", "messages", TYPE)
EXAMPLE = (*MESSAGE, "examples", "0", "payload")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (put("asyncapi", value="2.6.0"), "document: version 2.6.0 instead of 3.0.0"),
        (drop("info", "title"), "info: title is missing"),
        (put("info", "contact", value={"name": "A"}), "info: contact is no field of a info"),
        (put("channels", TYPE, "adress", value="x"), f"channel {TYPE}: adress is no field of a channel"),
        (drop(*MESSAGE), f"#/components/messages/{TYPE} leads nowhere"),
        (
            put("channels", TYPE, "parameters", value={}),
            f"channel {TYPE}: the parameters are not those of evt.followup.p{{partition}}.outcome.settled.v1",
        ),
        (
            put("channels", "ctl.followup.watermark", "address", value="ctl.labelling.watermark"),
            "channel ctl.followup.watermark: has the address of ctl.labelling.watermark",
        ),
        (
            put("operations", f"followup.says.{TYPE}", "action", value="publish"),
            f"operation followup.says.{TYPE}: neither sends nor receives",
        ),
        (
            put("operations", f"followup.says.{TYPE}", "channel", value={"$ref": "#/components/messages"}),
            f"operation followup.says.{TYPE}: is on no channel",
        ),
        (
            put("components", "schemas", "Site", "type", value="text"),
            "schema Site: 'text' is not valid under any",
        ),
        (
            put("components", "schemas", "Site", "$defs", value={}),
            "schema Site: draft 07 has no $defs",
        ),
        (put(*MESSAGE, "examples", value=[]), f"message {TYPE}: has no example"),
        (
            put(*EXAMPLE, "sequence", value="12"),
            f"message {TYPE}: example published_1 at $.sequence: '12' does not match '^[0-9]{{20}}$'",
        ),
        (
            put(*EXAMPLE, "source", value="/enrolment/10"),
            f"message {TYPE}: example published_1 at $.source: '/enrolment/10' does not match '^/followup/",
        ),
        (put(*EXAMPLE, "id", value="1"), f"message {TYPE}: example published_1 at $.id: '1' is not a 'uuid'"),
        (
            drop(*EXAMPLE, "data", "training_id"),
            f"message {TYPE}: example published_1 at $.data: 'training_id' is a required property",
        ),
    ],
)
def test_an_invalid_description_is_refused(
    document: Node, change: Callable[[Node], None], fault: str
) -> None:
    planted = deepcopy(document)
    change(planted)
    assert any(found.startswith(fault) for found in faults(planted)), faults(planted)
