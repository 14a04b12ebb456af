"""Who speaks, who hears whom, and the rights of each identity, read from `topology.yaml`: one table for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("topology.yaml").read_text(encoding="utf-8"))
_NAMES: dict[str, str] = _TABLE["names"]

PARTITIONS: int = _TABLE["partitions"]
"""Fixed for ever: the partition of an aggregate is part of its history."""

GROUPS: int = _TABLE["groups"]
"""Durable consumers per (listener, speaker); each takes PARTITIONS / GROUPS partitions."""

SPEAKERS: tuple[str, ...] = tuple(_TABLE["speakers"])

HEARS: dict[str, tuple[str, ...]] = {
    listener: tuple(about["hears"]) for listener, about in _TABLE["speakers"].items()
}

STREAM: dict[str, Any] = _TABLE["stream"]
CONSUMER: dict[str, Any] = _TABLE["consumer"]
"""Settings of every stream, and of every durable consumer."""

PROVISIONER = "provisioner"
OPERATOR = "operator"

Rights = dict[str, list[str]]
"""Subjects by `publish` and `subscribe`."""


def listeners_of(speaker: str) -> tuple[str, ...]:
    """Who hears `speaker`."""
    return tuple(name for name, speakers in HEARS.items() if speaker in speakers)


def stream_of(speaker: str) -> str:
    """Name of the stream that carries what `speaker` says."""
    return _NAMES["stream"].format(speaker=speaker, SPEAKER=speaker.upper())


def events_of(speaker: str) -> str:
    """Every event of `speaker`."""
    return _NAMES["events"].format(speaker=speaker)


def watermark_subject(speaker: str) -> str:
    """Core subject on which `speaker` announces its last number per partition, every second."""
    return _NAMES["watermark"].format(speaker=speaker)


def partition_prefix(speaker: str, partition: int) -> str:
    """What the subject of every event of one partition of `speaker` begins with."""
    return partition_subject(speaker, partition).removesuffix(">")


def partition_subject(speaker: str, partition: int) -> str:
    """Every event of one partition of `speaker`."""
    return _NAMES["partition"].format(speaker=speaker, pNN=f"p{partition:02d}")


@dataclass(frozen=True)
class Durable:
    """One durable pull consumer: a quarter of one speaker's partitions for one listener."""

    listener: str
    speaker: str
    group: int

    @property
    def name(self) -> str:
        """Explicit name; renaming it would replay the whole stream."""
        return _NAMES["durable"].format(listener=self.listener, speaker=self.speaker, group=self.group)

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions of this group, e.g. 4 to 7 for group 1."""
        size = PARTITIONS // GROUPS
        return tuple(range(self.group * size, (self.group + 1) * size))

    @property
    def filter_subjects(self) -> list[str]:
        """Every event of these partitions: a filter by type would show up as holes."""
        return [partition_subject(self.speaker, partition) for partition in self.partitions]


def durables(listener: str | None = None) -> Iterator[Durable]:
    """All durable consumers, or those of one listener."""
    for name, speakers in HEARS.items():
        if listener in (None, name):
            for speaker in speakers:
                for group in range(GROUPS):
                    yield Durable(name, speaker, group)


def inbox_of(identity: str) -> str:
    """Private inbox prefix: whoever may read `_INBOX.>` can read everybody's replies."""
    return _NAMES["inbox"].format(identity=identity)


def rights() -> dict[str, Rights]:
    """Publish and subscribe rights of each broker identity; what is not listed is denied."""
    table = {service: _service_rights(service) for service in SPEAKERS}
    for identity, granted in _TABLE["identities"].items():
        table[identity] = _filled(granted, inbox=inbox_of(identity))
    return table


def _service_rights(service: str) -> Rights:
    kinds = _TABLE["service_rights"]
    granted = [_filled(kinds["own"], inbox=inbox_of(service), **_of_speaker(service))]
    granted += [_filled(kinds["heard"], **_of_speaker(speaker)) for speaker in HEARS[service]]
    granted += [
        _filled(kinds["durable"], durable=durable.name, **_of_speaker(durable.speaker))
        for durable in durables(service)
    ]
    return {
        verb: [subject for some in granted for subject in some[verb]] for verb in ("publish", "subscribe")
    }


def _of_speaker(speaker: str) -> dict[str, str]:
    return {
        "stream": stream_of(speaker),
        "events": events_of(speaker),
        "watermark": watermark_subject(speaker),
    }


def _filled(granted: Mapping[str, list[str]], **names: str) -> Rights:
    return {verb: [subject.format(**names) for subject in subjects] for verb, subjects in granted.items()}
