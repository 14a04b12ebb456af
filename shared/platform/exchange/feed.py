"""Client of the other services' own logs: events to fill a hole with, and the report of how far one has heard."""

import time
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from shared.events.envelope import BadEnvelope, Envelope
from shared.platform.exchange.intake_store import Held
from shared.platform.exchange.log_digests import LogDigests
from shared.platform.exchange.log_epochs import LogEpoch
from shared.platform.settings import ServiceSettings

PAGE = 500


class FeedUnavailable(Exception):
    """The speaker did not answer, or does not have what its watermark promised: tried again later."""


@dataclass(frozen=True)
class Answer:
    """What a speaker says to a listener's positions."""

    epoch: UUID
    strange: tuple[int, ...]
    """Partitions in which the log has no such event at that number."""


class Feed:
    """Client of the other services' `/v1/events`."""

    def __init__(self, settings: ServiceSettings, *, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._token: tuple[str, float] | None = None

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """Up to 500 events of a partition after a number. Raises FeedUnavailable."""
        answer = await self._ask(
            "GET",
            speaker,
            path="/v1/events",
            params={"partition": partition, "after": after, "limit": PAGE},
        )
        try:
            # By line feed only: other separators of lines may stand inside a text.
            return [Envelope.from_json(line) for line in answer.content.split(b"\n") if line]
        except BadEnvelope as error:
            raise FeedUnavailable(f"{speaker}: {type(error).__name__}") from error

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        """Tell a speaker how far one has heard it. Raises FeedUnavailable."""
        positions = [
            {"partition": partition, "seq": at.last_seq, "id": str(at.last_id), "epoch": str(at.epoch)}
            for partition, at in held.items()
            if at.last_id is not None
        ]
        answer = await self._ask("PUT", speaker, path="/v1/events/heard", json={"positions": positions})
        try:
            content = answer.json()
            return Answer(UUID(content["epoch"]), tuple(int(number) for number in content["strange"]))
        except (ValueError, KeyError, TypeError) as error:
            raise FeedUnavailable(f"{speaker}: {type(error).__name__}") from error

    async def epochs(self, speaker: str) -> list[LogEpoch]:
        """Every incarnation of a speaker's log, the first one first. Raises FeedUnavailable."""
        answer = await self._ask("GET", speaker, path="/v1/events/epochs")
        try:
            return [LogEpoch.from_content(one) for one in answer.json()["epochs"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FeedUnavailable(f"{speaker}: {type(error).__name__}") from error

    async def digests(self, speaker: str, *, since: datetime, until: datetime) -> LogDigests:
        """What a log holds, hour by hour. Raises FeedUnavailable."""
        answer = await self._ask(
            "GET",
            speaker,
            path="/v1/events/digests",
            params={"from": since.isoformat(), "to": until.isoformat()},
        )
        try:
            return LogDigests.from_content(answer.json())
        except (ValueError, KeyError, TypeError) as error:
            raise FeedUnavailable(f"{speaker}: {type(error).__name__}") from error

    async def _ask(self, method: str, speaker: str, *, path: str, **content: Any) -> httpx.Response:
        base = self._settings.feed_urls.get(speaker)
        if base is None:
            raise FeedUnavailable(f"no feed address for {speaker}")
        try:
            headers = {"Authorization": f"Bearer {await self._access_token()}"}
            answer = await self._client.request(
                method, f"{base}{path}", headers=headers, timeout=10, **content
            )
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._token = None
            answer.raise_for_status()
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise FeedUnavailable(f"{speaker}: {type(error).__name__}") from error
        return answer

    async def _access_token(self) -> str:
        if self._token and self._token[1] > time.monotonic():
            return self._token[0]
        settings = self._settings
        if not (settings.token_url and settings.feed_client_id and settings.feed_client_secret):
            raise FeedUnavailable("no client for the feed")
        answer = await self._client.post(
            settings.token_url,
            data={"grant_type": "client_credentials", "scope": "events:feed"},
            auth=(settings.feed_client_id, settings.feed_client_secret.get_secret_value()),
            timeout=5,
        )
        answer.raise_for_status()
        content = answer.json()
        token = str(content["access_token"])
        self._token = (token, time.monotonic() + int(content["expires_in"]) - 60)
        return token
