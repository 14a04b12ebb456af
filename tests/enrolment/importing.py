"""Small words for the tests of imports: files as sent, and a worker that works when it is told to."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.enrolment import routes
from services.enrolment.main import SERVICE
from shared.platform.database import Database
from shared.platform.imports.runner import Runner
from tests.enrolment.builders import HOLDER, entry, learner
from tests.support.under_test import ServiceUnderTest

NDJSON = {"Content-Type": "application/x-ndjson"}
ROOT = f"/v1/holders/{HOLDER}/imports"
Item = dict[str, Any]


def item(number: int, **values: Any) -> Item:
    return {"reference": f"INS-{number}"} | entry(learner=learner(reference=f"APP-{number}")) | values


def lines(items: Sequence[Item]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in items).encode()


@asynccontextmanager
async def runner_of(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    """A worker that works when it is told to."""
    worker = Database(
        enrolment.cluster.url(enrolment.database_name, role="enrolment_worker"),
        service="enrolment",
        role="imports",
        pool_size=2,
    )
    app = enrolment.app
    yield Runner(
        worker,
        app.state.database,
        imports=routes.IMPORTS,
        keys=app.state.reception.keys,
        clock=SERVICE.clock,
    )
    await worker.close()


def sender_of(enrolment: ServiceUnderTest) -> httpx.AsyncClient:
    """The holder's client."""
    return enrolment.client("enrolment:write enrolment:read enrolment:backfill", org=HOLDER)


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
