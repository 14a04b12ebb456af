"""What bulk doors share: items turned into domain values."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict, Work

Item = TypeVar("Item")
Value = TypeVar("Value")


def each_as(
    convert: Callable[[Item], Value], work: Callable[[Transaction, list[Value]], Awaitable[list[Verdict]]]
) -> Work:
    """Work on domain values, given the bodies of a lot."""

    async def run(tx: Transaction, items: list[Any]) -> list[Verdict]:
        return await work(tx, [convert(item) for item in items])

    return run
