"""Who speaks, who hears whom, and the rights of each identity: one table for provisioner, intake and broker."""

from collections.abc import Iterator
from dataclasses import dataclass

PARTITIONS = 16
"""Fixed for ever: the partition of an aggregate is part of its history."""

GROUPS = 4
"""Durable consumers per (listener, speaker); each takes PARTITIONS / GROUPS partitions."""

SPEAKERS = ("labelling", "enrolment", "followup", "indicators")

HEARS: dict[str, tuple[str, ...]] = {
    "labelling": (),
    "enrolment": ("labelling", "followup"),
    "followup": ("labelling", "enrolment"),
    "indicators": ("labelling", "enrolment", "followup"),
}

PROVISIONER = "provisioner"


def listeners_of(speaker: str) -> tuple[str, ...]:
    """Who hears `speaker`."""
    return tuple(name for name, speakers in HEARS.items() if speaker in speakers)


def stream_of(speaker: str) -> str:
    """Name of the stream that carries what `speaker` says."""
    return f"EVT_{speaker.upper()}"


def watermark_subject(speaker: str) -> str:
    """Core subject on which `speaker` announces its last number per partition, every second."""
    return f"ctl.{speaker}.watermark"


def partition_subject(speaker: str, partition: int) -> str:
    """Every event of one partition of `speaker`."""
    return f"evt.{speaker}.p{partition:02d}.>"


@dataclass(frozen=True)
class Durable:
    """One durable pull consumer: a quarter of one speaker's partitions for one listener."""

    listener: str
    speaker: str
    group: int

    @property
    def name(self) -> str:
        """Explicit name; renaming it would replay the whole stream."""
        return f"{self.listener}_{self.speaker}_g{self.group}"

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
    return f"_INBOX_{identity}"


def rights() -> dict[str, dict[str, list[str]]]:
    """Publish and subscribe rights of each broker identity; what is not listed is denied."""
    table = {service: _service_rights(service) for service in SPEAKERS}
    table[PROVISIONER] = {
        "publish": ["$JS.API.INFO", "$JS.API.STREAM.>", "$JS.API.CONSUMER.>"],
        "subscribe": [f"{inbox_of(PROVISIONER)}.>"],
    }
    return table


def _service_rights(service: str) -> dict[str, list[str]]:
    own = stream_of(service)
    publish = [
        f"evt.{service}.>",
        watermark_subject(service),
        f"$JS.API.STREAM.INFO.{own}",
        f"$JS.API.STREAM.MSG.GET.{own}",
    ]
    subscribe = [f"{inbox_of(service)}.>"]
    for speaker in HEARS[service]:
        subscribe.append(watermark_subject(speaker))
        publish.append(f"$JS.API.STREAM.INFO.{stream_of(speaker)}")
    for durable in durables(service):
        stream = stream_of(durable.speaker)
        publish += [
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable.name}",
            f"$JS.API.CONSUMER.INFO.{stream}.{durable.name}",
            f"$JS.ACK.{stream}.{durable.name}.>",
            # 2.15 adds a second form of ack subject that carries domain and account before the stream.
            f"$JS.ACK.*.*.{stream}.{durable.name}.>",
        ]
    return {"publish": publish, "subscribe": subscribe}
