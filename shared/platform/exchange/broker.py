"""The broker as the exchange sees it: publish a batch, pull batches, announce and hear watermarks.

`nats_broker.py` is the real one; the simulation has one that loses, repeats, reorders and forgets on purpose.
"""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.events.envelope import Envelope
from shared.events.watermark import Watermark
from shared.platform.topology import Durable


class PublishFailed(Exception):
    """The broker did not confirm: the relay goes back to the first unconfirmed event."""


class BrokerClosed(Exception):
    """The server sent the client away, for example because its key was revoked."""


class BrokerUnavailable(Exception):
    """A question to the broker was not answered: asked again later."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One message from a durable, where it was published, and where to confirm it."""

    data: bytes
    subject: str
    durable: Durable
    reply: str


@dataclass(frozen=True)
class Tail:
    """The newest event of a partition that the broker holds."""

    epoch: UUID
    seq: int
    id: UUID


@dataclass(frozen=True)
class Holding:
    """What the broker holds of one speaker: its incarnation of the stream, and each partition's newest event."""

    epoch: str
    tails: dict[int, Tail]


class Pulls(Protocol):
    """Batches of some durables of one speaker."""

    def follow(self, durables: Collection[Durable]) -> None:
        """Ask these durables from now on, and no others."""

    async def take(self, limit: int, *, within: float) -> list[Pulled]:
        """What has come, `limit` at most; empty when nothing came within some seconds."""

    async def confirm(self, pulled: Sequence[Pulled]) -> None:
        """After the commit: everything up to the last of these, durable by durable, need not come again."""

    async def close(self) -> None:
        """Ask nothing any more."""


class Broker(Protocol):
    """One connection of one service."""

    @property
    def connected(self) -> bool:
        """Whether publications can be confirmed now."""

    @property
    def connection(self) -> int:
        """Number of this connection: another one may lead to another store."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Publish in order and wait until all are stored. Raises PublishFailed."""

    async def announce(self, watermark: Watermark) -> None:
        """Announce how far this service's log reaches."""

    async def on_watermark(self, speaker: str, hear: Callable[[Watermark], None]) -> None:
        """Call `hear` with each announcement of a speaker."""

    async def pulls(self, speaker: str) -> Pulls:
        """Begin to pull what a speaker says."""

    async def holding(self) -> Holding:
        """What the broker holds of this service's own log. Raises BrokerUnavailable, also when there is no stream."""


class Stored(Protocol):
    """What the broker still has of this service's own log, for whoever has to compare the two."""

    async def holding(self) -> Holding:
        """Each partition's newest event. Raises BrokerUnavailable."""

    def newest_first(self) -> AsyncGenerator[list[Envelope], None]:
        """All of it, page by page, in the order opposite to that of publication. Raises BrokerUnavailable."""
