"""Parked events driven again: in the order of their aggregate, through the same handlers, each with its effect once.

What goes through leaves the parking in the transaction of its effect, so that driving twice, or from two places at
once, changes nothing. What is refused again stays, with everything behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from shared.events.envelope import Envelope
from shared.platform.exchange.applying import Applier, StillRefused, reason_of
from shared.platform.exchange.redrive_store import Parked, RedriveStore
from shared.platform.failures import blames_event
from shared.platform.metrics import REDRIVEN

log = structlog.get_logger()


class SourceHalted(Exception):
    """The source is not followed until a person has decided: what it said before may have to be undone."""


@dataclass(frozen=True)
class Driven:
    """What became of the parked events of one aggregate."""

    parked: Parked
    driven: int
    refused: str | None = None
    """Why the first that is left was refused again."""


class Redriver:
    """Drives what one listener has parked."""

    def __init__(self, store: RedriveStore, applier: Applier) -> None:
        self._store = store
        self._applier = applier

    async def drive(self, parked: Parked, *, by: str) -> Driven:
        """Drive one aggregate as far as it goes.

        Raises SourceHalted, and what a database that is away raises: nothing has changed then, it may be tried again.
        """
        driven, refused = await self._drive(parked, first=None, by=by)
        if driven:
            REDRIVEN.labels(self._applier.listener, parked.source, "driven").inc(driven)
        if refused is not None:
            REDRIVEN.labels(self._applier.listener, parked.source, "refused").inc()
        log.info("intake.redriven", source=parked.source, driven=driven, refused=refused)
        return Driven(parked, driven, refused)

    async def _drive(self, parked: Parked, *, first: int | None, by: str) -> tuple[int, str | None]:
        """Apply so many together, or all; when one is to blame, halve until it is the first that is left."""
        try:
            return await self._together(parked, first=first, by=by), None
        except _Refused as refused:
            tried, reason = refused.tried, refused.reason
        if len(tried) == 1:
            await self._note(parked, tried[0], reason=reason, by=by)
            return 0, reason
        half = len(tried) // 2
        driven, stays = await self._drive(parked, first=half, by=by)
        if stays is not None or driven < half:
            return driven, stays
        more, stays = await self._drive(parked, first=first and first - half, by=by)
        return driven + more, stays

    async def _together(self, parked: Parked, *, first: int | None, by: str) -> int:
        envelopes: list[Envelope] = []
        try:
            async with self._store.begin(parked) as tx:
                if await tx.halted() is not None:
                    raise SourceHalted(parked.source)
                envelopes += await tx.events(first)
                if envelopes:
                    await self._applier.drive(tx.work, envelopes)
                    await tx.unpark(envelopes)
                    await tx.record("exchange.redriven", by=by, events=len(envelopes), **_span(envelopes))
        except Exception as error:
            if not envelopes or not blames_event(error):
                raise
            raise _Refused(envelopes, error) from error
        return len(envelopes)

    async def _note(self, parked: Parked, envelope: Envelope, *, reason: str, by: str) -> None:
        async with self._store.begin(parked) as tx:
            await tx.note_refusal(envelope.sequence, reason=reason)
            await tx.record("exchange.redrive_refused", by=by, reason=reason, **_span([envelope]))


class _Refused(Exception):
    """At least one of these is to blame."""

    def __init__(self, tried: Sequence[Envelope], error: Exception) -> None:
        super().__init__()
        self.tried = tried
        # A refusal of ours is a code; any other text may quote a value.
        self.reason = str(error) if isinstance(error, StillRefused) else reason_of(error)


def _span(envelopes: Sequence[Envelope]) -> dict[str, int]:
    return {"first": envelopes[0].sequence, "last": envelopes[-1].sequence}
