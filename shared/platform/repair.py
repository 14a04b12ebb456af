"""Repair: what the broker lost is read from the speaker's own log, over HTTP."""

import time
from http import HTTPStatus

import httpx

from shared.events.envelope import BadEnvelope, Envelope
from shared.platform.settings import ServiceSettings

PAGE = 500


class FeedUnavailable(Exception):
    """The speaker did not answer, or does not have what its watermark promised: tried again later."""


class Feed:
    """Client of the other services' `/v1/events`."""

    def __init__(self, settings: ServiceSettings, *, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._token: tuple[str, float] | None = None

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """Up to 500 events of a partition after a number. Raises FeedUnavailable."""
        base = self._settings.feed_urls.get(speaker)
        if base is None:
            raise FeedUnavailable(f"no feed address for {speaker}")
        try:
            answer = await self._client.get(
                f"{base}/v1/events",
                params={"partition": partition, "after": after, "limit": PAGE},
                headers={"Authorization": f"Bearer {await self._access_token()}"},
                timeout=10,
            )
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._token = None
            answer.raise_for_status()
            # By line feed only: other separators of lines may stand inside a text.
            return [Envelope.from_json(line) for line in answer.content.split(b"\n") if line]
        except (httpx.HTTPError, BadEnvelope) as error:
            raise FeedUnavailable(f"{speaker}: {type(error).__name__}") from error

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
