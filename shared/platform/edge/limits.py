"""How often a client may call: a quota per client and family of routes, said on every answer.

Each process counts for itself: behind N replicas a client has up to N times its quota, and no call waits for a store.
Header fields: draft-ietf-httpapi-ratelimit-headers.
"""

import math
import time
from collections.abc import Mapping
from typing import Final, Literal

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

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
_FAILURES: Final = "failures"


class Limits:
    """The quotas of one process, in calls a minute."""

    def __init__(self, quotas: Mapping[Family, int], *, failures: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items = {
            name: RateLimitItemPerMinute(quota) for name, quota in (*quotas.items(), (_FAILURES, failures))
        }

    async def take(self, client: str, family: Family) -> dict[str, str]:
        """Count one call; gives the header fields that say what is left. Raises ProblemError 429 beyond the quota."""
        item = self._items[family]
        taken = await self._limiter.hit(item, family, client)
        stats = await self._limiter.get_window_stats(item, family, client)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        fields = {
            "RateLimit-Policy": f'"{family}";q={item.amount};w={WINDOW}',
            "RateLimit": f'"{family}";r={stats.remaining};t={wait}',
        }
        if not taken:
            raise ProblemError(429, QUOTA_EXCEEDED, headers={**fields, "Retry-After": str(wait)})
        return fields

    async def failed(self, address: str) -> None:
        """Count a caller who was not recognised. Raises ProblemError 429 when an address fails too often."""
        item = self._items[_FAILURES]
        if not await self._limiter.hit(item, _FAILURES, address):
            raise ProblemError(429, QUOTA_EXCEEDED, headers={"Retry-After": str(WINDOW)})


def limits_of(settings: ServiceSettings) -> Limits:
    """The quotas that a service's settings say."""
    return Limits(
        {"read": settings.rate_read, "write": settings.rate_write, "bulk": settings.rate_bulk},
        failures=settings.rate_failures,
    )
