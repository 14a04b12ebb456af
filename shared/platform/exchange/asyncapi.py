"""The published description of the exchange, AsyncAPI 3.0: who says what on which subject, and who applies it.

It is made from the catalogue, the topology and the provisioner's settings; `make openapi` writes it to
`tests/contracts/asyncapi/tremplin.json`. The services come as an argument, since nothing here knows them.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.events.catalogue import SPOKEN
from shared.events.envelope import Fact
from shared.platform.exchange import event_schemas
from shared.platform.exchange.applying import Subscription
from shared.platform.exchange.provision import consumer_config, stream_config
from shared.platform.topology import (
    HEARS,
    PARTITIONS,
    SPEAKERS,
    durables,
    stream_of,
    watermark_subject,
)

Examples = Mapping[str, Sequence[Mapping[str, Any]]]

_INFO = {
    "title": "Tremplin",
    "version": "1",
    "description": (
        "The events by which the services of Tremplin hear one another. The truth is each speaker's log in Postgres; "
        "JetStream carries a copy that may lose, repeat or reorder. A listener keeps, per speaker and partition, the "
        "number of the last event it applied: it drops what it has seen, and reads what is missing from the speaker's "
        "own log (`GET /v1/events`). Within a version changes are additive and unknown fields are ignored; what is "
        "not additive is a new version of the type, and readers bring older versions to the newest."
    ),
    "license": {"name": "MIT"},
}
_BROKER = {
    "host": "{host}:{port}",
    "protocol": "nats",
    "description": "NATS with JetStream. Rights are given by subject: nobody speaks for another service.",
    "variables": {
        "host": {"default": "127.0.0.1", "description": "Name or address of the broker."},
        "port": {"default": "4222", "description": "Port of the broker."},
    },
    "security": [{"$ref": "#/components/securitySchemes/nkey"}],
}
_NKEY = {
    "type": "asymmetricEncryption",
    "description": (
        "NATS nkey: the client signs the server's nonce with the Ed25519 seed of its service. "
        "One identity per service, each with its own inbox prefix `_INBOX_<service>`."
    ),
}


@dataclass(frozen=True)
class Participant:
    """One service as the others need to know it: its sentence, and the facts it applies."""

    purpose: str
    subscriptions: Sequence[Subscription]


def document(services: Mapping[str, Participant], *, examples: Examples) -> dict[str, Any]:
    """The whole document; `examples` holds published envelopes by type."""
    schemas = event_schemas.of_all(_events())
    return {
        "asyncapi": "3.0.0",
        "info": _INFO | {"tags": [_tag(name, service.purpose) for name, service in services.items()]},
        "defaultContentType": "application/cloudevents+json",
        "servers": {"broker": _BROKER},
        "channels": {event.TYPE: _event_channel(event) for event in _events()}
        | {watermark_subject(speaker): _watermark_channel(speaker) for speaker in SPEAKERS},
        "operations": dict(
            operation
            for name, service in services.items()
            for operation in (*_sends(name), *_receives(name, service.subscriptions))
        ),
        "components": {
            "schemas": schemas,
            "parameters": {"partition": _PARTITION},
            "messages": {event.TYPE: _message(event, examples.get(event.TYPE, ())) for event in _events()}
            | {"watermark": _WATERMARK},
            "securitySchemes": {"nkey": _NKEY},
        },
        "x-jetstream": {stream_of(speaker): _stream(speaker) for speaker in SPEAKERS},
    }


def _events() -> Iterator[type[Fact]]:
    return (event for events in SPOKEN.values() for event in events)


def _tag(name: str, description: str) -> dict[str, str]:
    return {"name": name, "description": " ".join(description.split())}


_PARTITION = {
    "description": (
        "Partition of the speaker's log: CRC-32 of the subject modulo "
        f"{PARTITIONS}, fixed for ever. Events of one aggregate share it and keep their order."
    ),
    "enum": event_schemas.PARTITION_NAMES,
    "location": "$message.payload#/partitionkey",
}
_WATERMARK = {
    "name": "watermark",
    "title": "Watermark",
    "summary": "The last number of each partition of the speaker's log, every second; a listener behind it repairs.",
    "contentType": "application/json",
    "payload": {"$ref": "#/components/schemas/Watermark"},
    "examples": [
        {
            "name": "two_partitions",
            "payload": {"epoch": "0190c7a4-7c1e-4f4e-8a51-3b1d2c3e4f58", "heads": {"00": 12, "07": 1234}},
        }
    ],
}


def _event_channel(event: type[Fact]) -> dict[str, Any]:
    speaker, fact = event.TYPE.split(".", 1)
    return {
        "address": f"evt.{speaker}.p{{partition}}.{fact}",
        "title": event.__name__,
        "description": inspect.getdoc(event),
        "servers": [{"$ref": "#/servers/broker"}],
        "parameters": {"partition": {"$ref": "#/components/parameters/partition"}},
        "messages": {event.TYPE: {"$ref": f"#/components/messages/{event.TYPE}"}},
        "tags": [{"name": speaker}],
        "x-stream": stream_of(speaker),
    }


def _watermark_channel(speaker: str) -> dict[str, Any]:
    return {
        "address": watermark_subject(speaker),
        "title": f"Watermark of {speaker}",
        "description": "Core NATS, kept nowhere: what is lost is announced again a second later.",
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {"watermark": {"$ref": "#/components/messages/watermark"}},
        "tags": [{"name": speaker}],
    }


def _message(event: type[Fact], examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    speaker = event.TYPE.split(".", 1)[0]
    # The attributes that depend on the type are said again, narrower, beside those of every event.
    own = {
        "properties": {
            "type": {"const": event.TYPE},
            "source": {"pattern": f"^/{speaker}/[0-9]{{2}}$"},
            "data": {"$ref": f"#/components/schemas/{event.__name__}"},
        }
    }
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": inspect.getdoc(event),
        "contentType": "application/cloudevents+json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, own]},
        "examples": [
            {"name": f"published_{number}", "payload": payload} for number, payload in enumerate(examples, 1)
        ],
    }


def _sends(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in SPOKEN[service]:
        summary = f"{service} says: {inspect.getdoc(event)}"
        yield f"{service}.says.{event.TYPE}", _operation("send", service, summary=summary, on=event.TYPE)
    announce = f"{service} announces the last numbers of its log."
    subject = watermark_subject(service)
    yield f"{service}.says.{subject}", _operation("send", service, summary=announce, on=subject)


def _receives(listener: str, subscriptions: Sequence[Subscription]) -> Iterator[tuple[str, dict[str, Any]]]:
    handlers: dict[str, list[str]] = {}
    for subscription in subscriptions:
        for event in _events():
            speaker = event.TYPE.split(".", 1)[0]
            if speaker == subscription.speaker and issubclass(event, subscription.facts):
                handlers.setdefault(event.TYPE, []).append(subscription.handler.__name__)
    for type_, names in handlers.items():
        summary = f"{listener} applies it in {', '.join(names)}."
        speaker = type_.split(".", 1)[0]
        yield (
            f"{listener}.hears.{type_}",
            _operation("receive", listener, summary=summary, on=type_)
            | {"x-durables": [durable.name for durable in durables(listener) if durable.speaker == speaker]},
        )
    for speaker in HEARS[listener]:
        subject = watermark_subject(speaker)
        summary = f"{listener} compares it with how far it has heard {speaker}."
        yield f"{listener}.hears.{subject}", _operation("receive", listener, summary=summary, on=subject)


def _operation(action: str, service: str, *, summary: str, on: str) -> dict[str, Any]:
    message = "watermark" if on.startswith("ctl.") else on
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{on}"},
        "messages": [{"$ref": f"#/channels/{on}/messages/{message}"}],
        "summary": summary,
        "tags": [{"name": service}],
    }


def _stream(speaker: str) -> dict[str, Any]:
    """The facts of a stream: a listener takes every type of its partitions, a gap in the numbers is a loss."""
    config = stream_config(speaker, replicas=1, epoch="made at creation")
    return {
        "subjects": config.subjects,
        "partitions": PARTITIONS,
        "storage": str(config.storage.value if config.storage else None),
        "retention": str(config.retention.value if config.retention else None),
        "discard": str(config.discard.value if config.discard else None),
        "max_age_seconds": config.max_age,
        "max_bytes": config.max_bytes,
        "duplicate_window_seconds": config.duplicate_window,
        "durables": {
            durable.name: {
                "listener": durable.listener,
                "filter_subjects": durable.filter_subjects,
                "ack_wait_seconds": consumer_config(durable).ack_wait,
                "max_deliver": consumer_config(durable).max_deliver,
            }
            for durable in durables()
            if durable.speaker == speaker
        },
    }
