"""An import survives whoever works on it: another worker goes on where the last commit is, and nobody twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date

import httpx
import pytest

from services.enrolment import routes
from shared.platform.imports import board
from shared.platform.imports.board import Overtaken
from shared.platform.imports.runner import Runner
from shared.platform.imports.turns import Turn
from shared.platform.imports.uploads import caller_of
from tests.enrolment.builders import Holder, label, session
from tests.enrolment.importing import ROOT, item, runner_of, sender_of
from tests.support.cluster import PROJECT, Cluster, free_port
from tests.support.importing import NDJSON, Item, ended, found, job_at, lines
from tests.support.tokens import ISSUER
from tests.support.under_test import ServiceUnderTest, service_under_test

BULK = f"{ROOT}/enrolments"


@pytest.fixture
async def runner(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(enrolment) as one:
        yield one


@pytest.fixture
def sender(enrolment: ServiceUnderTest, holder: Holder) -> httpx.AsyncClient:
    del holder
    return sender_of(enrolment)


def some_file() -> bytes:
    """5,000 lines: one in fifty is refused, and the last hundred say again what the first said."""
    items = [item(number) for number in range(4900)] + [item(number) for number in range(100)]
    for number in range(0, 4900, 50):
        items[number] = item(number, session="S-unknown")
    return lines(items)


@contextmanager
def worker_process(cluster: Cluster, database: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Enrolment as a process that only works: no HTTP of its own, and no broker to be found."""
    settings = {
        "ENVIRONMENT": "test",
        "ROLES": "intake",
        "PORT": str(free_port()),
        "DATABASE_URL": cluster.url(database, role="enrolment_api"),
        "WORKER_DATABASE_URL": cluster.url(database, role="enrolment_worker"),
        "NATS_URL": "nats://127.0.0.1:1",
        "ISSUER": ISSUER,
        "JWKS_URL": f"{ISSUER}/jwks",
        "LOG_LEVEL": "ERROR",
    }
    environment = dict(os.environ) | {f"ENROLMENT_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "shared.platform.serve", "enrolment"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def until_some_is_done(enrolment: ServiceUnderTest) -> int:
    """Lines done once the first batch is committed."""
    while True:
        (job,) = await enrolment.rows("SELECT lines_done FROM enrolment.import_job")
        if job["lines_done"]:
            return int(job["lines_done"])
        await asyncio.sleep(0.01)


async def undisturbed(cluster: Cluster, content: bytes) -> tuple[Item, list[Item], int]:
    """The same file on a database of its own: the job, the error file, the facts said."""
    database = await cluster.new_database()
    try:
        async with service_under_test("enrolment", cluster, database=database) as enrolment:
            await enrolment.hear(label())
            await Holder(enrolment).put("sessions/S-1", session())
            sender = sender_of(enrolment)
            async with runner_of(enrolment) as runner:
                job = await ended(
                    sender, runner, answer=await sender.post(BULK, content=content, headers=NDJSON)
                )
            return job, await found(sender, job), len(await enrolment.said())
    finally:
        await cluster.drop_database(database)


async def test_a_worker_killed_in_the_middle_is_followed_by_another_to_the_same_counts(
    sender: httpx.AsyncClient, enrolment: ServiceUnderTest, cluster: Cluster
) -> None:
    content = some_file()
    whole, errors, said = await undisturbed(cluster, content)
    answer = await sender.post(BULK, content=content, headers=NDJSON)
    with worker_process(cluster, enrolment.database_name) as process:
        done = await until_some_is_done(enrolment)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 0 < done < 5000
    assert (await job_at(sender, answer))["state"] == "running"
    with worker_process(cluster, enrolment.database_name):
        while (job := await job_at(sender, answer))["state"] == "running":
            await asyncio.sleep(0.2)
    assert (job["state"], job["lines_done"], job["counts"]) == ("succeeded", 5000, whole["counts"])
    assert job["counts"] == {"created": 4804, "unchanged": 98, "rejected": 98}
    assert await found(sender, job) == errors
    reached = (await sender.get(answer.headers["location"])).headers["tremplin-position"]
    last = await enrolment.rows(
        "SELECT partition, max(seq) AS seq FROM enrolment.event_log GROUP BY 1 ORDER BY 1"
    )
    assert reached == ", ".join(f"enrolment/{row['partition']:02d}/{row['seq']}" for row in last)
    assert len(await enrolment.said()) == said
    held = await enrolment.rows(
        "SELECT count(*), count(DISTINCT reference) AS apart FROM enrolment.enrolments"
    )
    assert held == [{"count": 4804, "apart": 4804}]


async def test_a_worker_that_was_overtaken_writes_nothing_more(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(BULK, content=lines([item(1)]), headers=NDJSON)
    late = await board.take_job(runner.worker)
    assert late is not None
    assert await board.take_job(runner.worker) is None
    await past(enrolment, "leased_until = now() - interval '1 second'")
    assert await board.take_job(runner.worker) is not None
    turn = Turn(
        late,
        kind=routes.IMPORTS.named(late.kind),
        caller=caller_of(late.caller),
        worker=runner.worker,
        desk=runner.desk,
        seal=runner.keys.unwrap(late.job_id, late.wrapped_key),
        today=date(2016, 10, 1),
    )
    with pytest.raises(Overtaken):
        await turn.take()
    assert await enrolment.rows("SELECT * FROM enrolment.enrolments") == []
    await past(enrolment, "leased_until = NULL")
    assert (await ended(sender, runner, answer=answer))["counts"] == {"created": 1}


async def test_an_upload_that_was_left_is_given_up_and_its_place_is_free(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(BULK, content=lines([item(1)]), headers=NDJSON)
    # As a process leaves it that is killed while it receives.
    await past(enrolment, "state = 'receiving', worked_at = now() - interval '2 hours'")
    assert not await runner.once()
    await runner.tidy()
    job = await job_at(sender, answer)
    assert (job["state"], job["problem"]["code"]) == ("failed", "upload_cut")
    assert await enrolment.rows("SELECT * FROM enrolment.import_chunk") == []
    assert (await sender.post(BULK, content=lines([item(1)]), headers=NDJSON)).status_code == 202


async def test_a_file_whose_key_was_changed_fails_by_name(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(BULK, content=lines([item(1)]), headers=NDJSON)
    await past(enrolment, "wrapped_key = decode(repeat('00', 60), 'hex')")
    job = await ended(sender, runner, answer=answer)
    assert (job["state"], job["problem"]["code"]) == ("failed", "file_lost")


async def test_an_import_is_forgotten_thirty_days_after_its_end(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    answer = await sender.post(BULK, content=lines([item(1, session="S-unknown")]), headers=NDJSON)
    await ended(sender, runner, answer=answer)
    await past(enrolment, "finished_at = now() - interval '29 days'")
    await runner.tidy()
    assert len(await enrolment.rows("SELECT * FROM enrolment.import_finding")) == 1
    await past(enrolment, "finished_at = now() - interval '31 days'")
    await runner.tidy()
    assert await enrolment.rows("SELECT * FROM enrolment.import_job") == []
    assert await enrolment.rows("SELECT * FROM enrolment.import_finding") == []


async def past(enrolment: ServiceUnderTest, changes: str) -> None:
    """Set the one job's row to what it was at another time."""
    connection = await enrolment.cluster.superuser(enrolment.database_name)
    try:
        await connection.execute(f"UPDATE enrolment.import_job SET {changes}")  # noqa: S608 - our own words
    finally:
        await connection.close()
