"""What a speaker announces every second: the incarnation of its log and the last number of each partition."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json


class BadWatermark(Exception):
    """Not an announcement of ours."""


@dataclass(frozen=True)
class Watermark:
    """How far a log reaches; `heads` by partition, 0 for one that is empty."""

    epoch: UUID
    heads: dict[int, int]

    def to_json(self) -> bytes:
        """`{"epoch": "...", "heads": {"00": 12, ...}}`."""
        return to_json({"epoch": self.epoch, "heads": named(self.heads)})

    @classmethod
    def from_json(cls, text: str | bytes) -> "Watermark":
        """Read an announcement back. Raises BadWatermark."""
        try:
            return cls.from_content(from_json(text))
        except ValueError as error:
            raise BadWatermark(type(error).__name__) from error

    @classmethod
    def from_content(cls, content: Any) -> "Watermark":
        """The same from parsed JSON. Raises BadWatermark."""
        try:
            heads = {int(partition): int(seq) for partition, seq in content["heads"].items()}
            return cls(UUID(content["epoch"]), heads)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadWatermark(type(error).__name__) from error


def named(numbers: dict[int, int]) -> dict[str, int]:
    """Numbers by partition as they are written: `{"00": 12}`."""
    return {f"{partition:02d}": number for partition, number in sorted(numbers.items())}
