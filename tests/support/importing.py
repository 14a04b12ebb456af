"""Imports as the tests of a service meet them: files as sent, and a worker that works when it is told to."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.kernel.clock import SystemClock
from shared.platform.database import Database
from shared.platform.imports.kinds import Imports
from shared.platform.imports.runner import Runner
from shared.platform.mandates.lookup import Mandates
from tests.support.under_test import ServiceUnderTest

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
Item = dict[str, Any]


def lines(items: Sequence[Item]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in items).encode()


@asynccontextmanager
async def runner_of(service: ServiceUnderTest, imports: Imports) -> AsyncIterator[Runner]:
    """A worker that works when it is told to."""
    worker = Database(
        service.cluster.url(service.database_name, role=f"{service.name}_worker"),
        service=service.name,
        role="imports",
        pool_size=2,
    )
    state = service.app.state
    clock = SystemClock()
    yield Runner(
        worker,
        state.database,
        imports=imports,
        keys=state.reception.keys,
        clock=clock,
        mandates=Mandates(state.database, clock),
    )
    await worker.close()


async def ended(sender: httpx.AsyncClient, runner: Runner, *, answer: httpx.Response) -> Item:
    """The job of an accepted file, worked off."""
    assert answer.status_code == 202, answer.text
    while await runner.once():
        pass
    return await job_at(sender, answer)


async def job_at(sender: httpx.AsyncClient, answer: httpx.Response) -> Item:
    """The job that an answer names."""
    job: Item = (await sender.get(answer.headers["location"])).json()
    return job


async def found(sender: httpx.AsyncClient, job: Item) -> list[Item]:
    """The error file."""
    answer = await sender.get(job["links"]["errors"], headers={"Accept": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]
