"""How often a client may call: a quota per client and family of routes, said on every answer.

Each process counts for itself: behind N replicas a client has up to N times its quota, and no call waits for a store.
Header fields: draft-ietf-httpapi-ratelimit-headers.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

from shared.kernel.errors import Rule
from shared.platform.edge.problems import ProblemError
from shared.platform.settings import ServiceSettings

Family = Literal["read", "write", "bulk"]
FAMILY_OF_METHOD: Final[Mapping[str, Family]] = {
    "GET": "read",
    "PUT": "write",
    "DELETE": "write",
    "PATCH": "write",
    "POST": "bulk",
}
WINDOW: Final = 60
"""Seconds."""

QUOTA_EXCEEDED = Rule(
    "quota_exceeded", fr="Trop d'appels dans la minute.", en="Too many calls within the minute."
)


class Limits:
    """The quotas of one process, in calls a minute."""

    def __init__(
        self, quotas: Mapping[Family, int], *, failures: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._quotas = quotas
        self._failures = failures
        self._now = now
        self._window = 0
        self._counts: dict[tuple[str, str], int] = {}
        self._before: dict[tuple[str, str], int] = {}

    def take(self, client: str, family: Family) -> dict[str, str]:
        """Count one call; gives the header fields that say what is left. Raises ProblemError 429 beyond the quota."""
        quota = self._quotas[family]
        taken, wait = self._count(family, client, quota=quota)
        fields = {
            "RateLimit-Policy": f'"{family}";q={quota};w={WINDOW}',
            "RateLimit": f'"{family}";r={max(0, quota - taken)};t={wait}',
        }
        if taken > quota:
            raise ProblemError(429, QUOTA_EXCEEDED, headers={**fields, "Retry-After": str(wait)})
        return fields

    def failed(self, address: str) -> None:
        """Count a caller who was not recognised. Raises ProblemError 429 when an address fails too often."""
        taken, wait = self._count("failures", address, quota=self._failures)
        if taken > self._failures:
            raise ProblemError(429, QUOTA_EXCEEDED, headers={"Retry-After": str(wait)})

    def _count(self, kind: str, who: str, *, quota: int) -> tuple[int, int]:
        """Calls of the minute that slides, this one included, and seconds until the next window; refused ones are free.

        The sliding minute is the present window and the part of the one before that it still covers, as if its calls
        had come evenly. Whole windows are forgotten at once: what is held is at most the callers of two minutes.
        """
        window, elapsed = divmod(self._now(), WINDOW)
        if window != self._window:
            self._before = self._counts if window == self._window + 1 else {}
            self._window, self._counts = int(window), {}
        count = self._counts.get((kind, who), 0) + 1
        taken = count + math.ceil(self._before.get((kind, who), 0) * (1 - elapsed / WINDOW))
        if taken <= quota:
            self._counts[kind, who] = count
        return taken, max(1, math.ceil(WINDOW - elapsed))


def limits_of(settings: ServiceSettings) -> Limits:
    """The quotas that a service's settings say."""
    return Limits(
        {"read": settings.rate_read, "write": settings.rate_write, "bulk": settings.rate_bulk},
        failures=settings.rate_failures,
    )
