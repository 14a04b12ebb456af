"""The envelope of every event: CloudEvents 1.0, structured JSON, with the number that orders it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json, to_json

_DATA = b',"data":'


class Fact(BaseModel):
    """The resulting state of one aggregate; `version` grows by one with each change of that aggregate.

    A listener keeps the highest version it has seen: a duplicate or an older state changes nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str] = ""
    """`<speaker>.<aggregate>.<verb>.vN`; empty on the states that several events share."""

    version: int

    @property
    def aggregate_id(self) -> str:
        """Identifier of the aggregate; events of one aggregate keep their order."""
        raise NotImplementedError  # every event names its own aggregate


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it travels: where it stands in its speaker's log, and its data as JSON text."""

    id: UUID
    speaker: str
    partition: int
    sequence: int
    epoch: UUID
    type: str
    aggregate_id: str
    aggregate_version: int
    recorded_at: datetime
    data: str
    traceparent: str | None = None
    previous_id: UUID | None = None
    """The event before it in its partition: a number that was given twice betrays itself."""

    @property
    def subject(self) -> str:
        """Broker subject: the partition is named by the speaker, so order survives any broker."""
        _, rest = self.type.split(".", 1)
        return f"evt.{self.speaker}.p{self.partition:02d}.{rest}"

    @property
    def message_id(self) -> str:
        """The same for every publication of the same event, so that the broker drops most duplicates."""
        return f"{self.speaker}.{self.epoch.hex[:12]}.{self.partition:02d}.{self.sequence}"

    def to_json(self) -> str:
        """Structured CloudEvents JSON; the data is spliced in as it was recorded."""
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"/{self.speaker}/{self.partition:02d}",
            "type": self.type,
            "subject": self.aggregate_id,
            "time": self.recorded_at.isoformat(),
            "datacontenttype": "application/json",
            # Compared as text by the CloudEvents sequence extension, hence the zeros.
            "sequence": f"{self.sequence:020d}",
            "aggregateversion": self.aggregate_version,
            "partitionkey": f"{self.partition:02d}",
            "epoch": str(self.epoch),
        }
        if self.previous_id:
            attributes["previousid"] = str(self.previous_id)
        if self.traceparent:
            attributes["traceparent"] = self.traceparent
        return f'{to_json(attributes).decode()[:-1]},"data":{self.data}}}'

    @classmethod
    def from_json(cls, text: bytes) -> "Envelope":
        """Read structured JSON back; the data is not looked into. Raises BadEnvelope on anything else."""
        try:
            content, data = _parted(text)
            speaker, partition = cast("str", content["source"]).strip("/").split("/")
            return cls(
                id=UUID(content["id"]),
                speaker=speaker,
                partition=int(partition),
                sequence=int(content["sequence"]),
                epoch=UUID(content["epoch"]),
                type=str(content["type"]),
                aggregate_id=str(content["subject"]),
                aggregate_version=int(content["aggregateversion"]),
                recorded_at=datetime.fromisoformat(content["time"]),
                data=data,
                traceparent=content.get("traceparent"),
                previous_id=UUID(previous) if (previous := content.get("previousid")) else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadEnvelope(type(error).__name__) from error


def _parted(text: bytes) -> tuple[dict[str, Any], str]:
    """Attributes, and the data as JSON text.

    We write the data last and without spaces, and its name with its quotes cannot stand inside a text: our envelopes
    are cut there, so that their data is parsed once, by whoever wants it. What is laid out otherwise is read whole.
    """
    attributes, cut, data = text.partition(_DATA)
    if cut and data.endswith(b"}"):
        try:
            return from_json(attributes + b"}"), data[:-1].decode()
        except ValueError:
            pass
    content = from_json(text)
    return content, to_json(content["data"]).decode()


class BadEnvelope(Exception):
    """Not an event of ours: without a readable source and number it can only be counted and repaired."""
