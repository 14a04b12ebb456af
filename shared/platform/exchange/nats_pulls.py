"""Our own pull loop on JetStream: the next messages are asked for while the last ones are being applied.

The library's `fetch` asks only when it is called, spends a timer on every message, and does not notice a consumer
that fell silent. Here a durable has a credit of messages asked for and not yet taken; a heartbeat that fails to come
twice, or a new connection, makes its requests void.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shared.platform.exchange.broker import Pulled
from shared.platform.topology import Durable, inbox_of, stream_of

log = structlog.get_logger()

CREDIT = 1000
"""Most messages of one durable asked for and not yet taken."""
MAX_BYTES = 4 * 1024 * 1024
EXPIRES = 5.0
HEARTBEAT = 1.0
SILENCE = 2.5
"""Seconds without a message or a heartbeat after which a request is void."""
PAUSE = 1.0
"""Seconds to the next request after the broker has refused one."""

_NANOSECONDS = 1_000_000_000
_IDLE, _NOTHING_WRONG = "100", {"404", "408"}
_SPENT = ("Batch Completed", "Exceeds MaxBytes")
"""Ends of a request that the server reports like refusals, though all is well."""


@dataclass
class _Asked:
    """What was asked of one durable."""

    durable: Durable
    subscription: Subscription | None = None
    requests: dict[int, int] = field(default_factory=dict)
    """Messages still to come, by number of the request, oldest first."""
    untaken: int = 0
    heard_at: float = 0.0
    not_before: float = 0.0

    def came(self) -> None:
        """One message: the broker serves the oldest request first."""
        self.untaken += 1
        for number, left in self.requests.items():
            if left > 1:
                self.requests[number] = left - 1
            else:
                del self.requests[number]
            return


class NatsPulls:
    """Batches of the durables of one speaker."""

    def __init__(self, client: Client, *, identity: str, speaker: str) -> None:
        self._client = client
        self._inbox = f"{inbox_of(identity)}.pull.{uuid4().hex}"
        self._speaker = speaker
        self._asked: dict[Durable, _Asked] = {}
        self._leaving: list[_Asked] = []
        self._buffer: list[Pulled] = []
        self._something = asyncio.Event()
        self._numbers = 0

    def follow(self, durables: Collection[Durable]) -> None:
        """Ask these durables from now on, and no others; what came of the others is let go."""
        for durable in set(self._asked) - set(durables):
            self._leaving.append(self._asked.pop(durable))
        for durable in durables:
            self._asked.setdefault(durable, _Asked(durable))
        self._buffer = [pulled for pulled in self._buffer if pulled.durable in self._asked]

    def forget_requests(self) -> None:
        """On a new connection nothing of what was asked on the old one will come."""
        for asked in self._asked.values():
            asked.requests.clear()
        self._something.set()

    async def take(self, limit: int, *, within: float) -> list[Pulled]:
        """What has come, `limit` at most; empty when nothing came within some seconds."""
        await self._replenish()
        if not self._buffer:
            self._something.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await self._something.wait()
        taken, self._buffer = self._buffer[:limit], self._buffer[limit:]
        for pulled in taken:
            if pulled.durable in self._asked:
                self._asked[pulled.durable].untaken -= 1
        # Asked now, it comes while what was taken is being applied.
        await self._replenish()
        return taken

    async def confirm(self, pulled: Sequence[Pulled]) -> None:
        """One acknowledgement per durable stands for all before it; a lost one costs a redelivery."""
        last = {message.durable: message.reply for message in pulled}
        with suppress(NatsError, OSError):
            for reply in last.values():
                await self._client.publish(reply, b"+ACK")

    async def close(self) -> None:
        """Ask nothing any more."""
        self.follow(())
        await self._leave()

    async def _replenish(self) -> None:
        await self._leave()
        if not self._client.is_connected:
            return
        now = asyncio.get_running_loop().time()
        for asked in self._asked.values():
            if asked.requests and now - asked.heard_at > SILENCE:
                log.warning("broker.silent", durable=asked.durable.name)
                asked.requests.clear()
            credit = CREDIT - asked.untaken - sum(asked.requests.values())
            if credit >= CREDIT // 2 and now >= asked.not_before:
                await self._ask(asked, credit=credit, now=now)

    async def _ask(self, asked: _Asked, *, credit: int, now: float) -> None:
        durable, inbox = asked.durable, f"{self._inbox}.{asked.durable.group}"
        self._numbers += 1
        wanted = {
            "batch": credit,
            "max_bytes": MAX_BYTES,
            "expires": int(EXPIRES * _NANOSECONDS),
            "idle_heartbeat": int(HEARTBEAT * _NANOSECONDS),
        }
        try:
            if asked.subscription is None:
                asked.subscription = await self._client.subscribe(
                    f"{inbox}.*",
                    cb=partial(self._on_message, asked),
                    pending_msgs_limit=0,
                    pending_bytes_limit=0,
                )
            await self._client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{stream_of(self._speaker)}.{durable.name}",
                json.dumps(wanted).encode(),
                reply=f"{inbox}.{self._numbers}",
            )
        except (NatsError, OSError) as error:
            log.warning("broker.cannot_ask", durable=durable.name, error=type(error).__name__)
            return
        asked.requests[self._numbers] = credit
        asked.heard_at = now

    async def _on_message(self, asked: _Asked, message: Msg) -> None:
        asked.heard_at = asyncio.get_running_loop().time()
        status = (message.headers or {}).get("Status")
        if status is None:
            asked.came()
            if asked.durable in self._asked:
                self._buffer.append(Pulled(message.data, message.subject, asked.durable, message.reply))
                self._something.set()
        elif status != _IDLE:
            self._ended(asked, message, status=status)

    def _ended(self, asked: _Asked, message: Msg, *, status: str) -> None:
        """A request is over: its time or its bytes are spent, or there is no consumer to ask."""
        number = message.subject.rpartition(".")[2]
        asked.requests.pop(int(number) if number.isdigit() else -1, None)
        description = (message.headers or {}).get("Description", "")
        if status not in _NOTHING_WRONG and not any(spent in description for spent in _SPENT):
            asked.not_before = asked.heard_at + PAUSE
            log.warning("broker.cannot_pull", durable=asked.durable.name, status=status, reason=description)
        self._something.set()

    async def _leave(self) -> None:
        while self._leaving:
            subscription = self._leaving.pop().subscription
            if subscription is not None:
                with suppress(NatsError, OSError):
                    await subscription.unsubscribe()
