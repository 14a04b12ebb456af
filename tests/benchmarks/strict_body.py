"""`strict-body`: a body of 1,000 entries read to the letter and validated, against a bare validation of its bytes."""

import json
import time
from collections.abc import Awaitable, Callable

from fastapi import Request
from pydantic import TypeAdapter
from starlette.types import Message

from services.enrolment.schemas.enrolments import EnrolmentLot
from shared.platform.edge.bulk import read_lot
from tests.benchmarks import report
from tests.benchmarks.event_path import CALL, enrolment

RUNS = 5
CALLS = 40
WANTED = 0.6


async def bench() -> None:
    """Bodies per second."""
    raw = json.dumps({"items": [enrolment(0, number) for number in range(CALL)]}).encode()
    bare = TypeAdapter(EnrolmentLot)

    async def limit() -> None:
        bare.validate_json(raw)

    async def ours() -> None:
        lot = await read_lot(_request(raw), EnrolmentLot)
        if len(lot.items) != CALL or lot.rejected:
            raise RuntimeError(lot.rejected)

    rates = [(await _rate(ours), await _rate(limit)) for _ in range(RUNS)]
    report.show(
        "strict-body",
        ours=[mine for mine, _ in rates],
        limit=[bound for _, bound in rates],
        unit="bodies/s",
        wanted=WANTED,
    )


async def _rate(read: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        await read()
    return CALLS / (time.perf_counter() - started)


def _request(raw: bytes) -> Request:
    """As the server hands it over, in pieces of 64 KiB."""
    pieces = [raw[first : first + 65536] for first in range(0, len(raw), 65536)]

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(b"content-type", b"application/json")]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)
