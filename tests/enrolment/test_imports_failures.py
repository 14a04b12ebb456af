"""When the work itself fails: what passes is tried again to the same end, what does not ends the job by name."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import httpx
import pytest
import structlog.testing

from services.enrolment import routes
from services.enrolment.domain.refusals import UNKNOWN_SESSION
from shared.kernel.errors import Invalid
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict
from shared.platform.imports.kinds import Batch, Kind
from shared.platform.imports.runner import Runner
from tests.enrolment.builders import Holder
from tests.enrolment.importing import ROOT, item, runner_of, sender_of
from tests.support.importing import NDJSON, ended, found, job_at, lines
from tests.support.under_test import ServiceUnderTest

BULK = f"{ROOT}/enrolments"
KIND = routes.IMPORTS.named("enrolments")
SECRET = "Zénaïde-Planted-Value"
TWO_BATCHES = lines([item(number) for number in range(499)] + [item(7, session="S-9")] + [item(600)] * 2)


@pytest.fixture
async def runner(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(enrolment) as one:
        yield one


@pytest.fixture
def sender(enrolment: ServiceUnderTest, holder: Holder) -> httpx.AsyncClient:
    del holder
    return sender_of(enrolment)


def failing(runner: Runner, error: Callable[[], Exception]) -> Runner:
    """A worker whose work fails in the second batch, after having written."""

    async def work(tx: Transaction, batch: Batch) -> list[Verdict]:
        verdicts = await KIND.work(tx, batch)
        if len(batch.items) < 100:
            raise error()
        return verdicts

    kind: Kind = replace(KIND, work=work)
    return replace(runner, imports=replace(routes.IMPORTS, kinds=(kind,)))


async def entered(enrolment: ServiceUnderTest) -> int:
    (row,) = await enrolment.rows("SELECT count(*) FROM enrolment.enrolments")
    return int(row["count"])


@pytest.mark.parametrize("dry_run", [False, True])
async def test_what_passes_is_tried_again_to_the_same_counts(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest, *, dry_run: bool
) -> None:
    answer = await sender.post(f"{BULK}?dry_run={dry_run}", content=TWO_BATCHES, headers=NDJSON)
    assert await failing(runner, lambda: ConnectionError(SECRET)).once()
    job = await job_at(sender, answer)
    assert (job["state"], job["lines_done"]) == ("running", 500)
    assert await entered(enrolment) == (0 if dry_run else 499)
    assert not await runner.once(), "it rests for a moment"
    connection = await enrolment.cluster.superuser(enrolment.database_name)
    await connection.execute("UPDATE enrolment.import_job SET leased_until = NULL")
    await connection.close()
    job = await ended(sender, runner, answer=answer)
    assert job["counts"] == {"created": 500, "duplicate": 1, "rejected": 1}
    assert [one["line"] for one in await found(sender, job)] == [500]
    assert await entered(enrolment) == (0 if dry_run else 500)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (lambda: RuntimeError(SECRET), "internal_error"),
        (lambda: Invalid(UNKNOWN_SESSION, pointer="/lot"), "unknown_session"),
    ],
)
async def test_what_does_not_pass_ends_the_import_by_name_and_keeps_what_was_done(
    sender: httpx.AsyncClient,
    runner: Runner,
    enrolment: ServiceUnderTest,
    *,
    error: Callable[[], Exception],
    code: str,
) -> None:
    answer = await sender.post(BULK, content=TWO_BATCHES, headers=NDJSON)
    with structlog.testing.capture_logs() as logged:
        assert await failing(runner, error).once()
    assert SECRET not in str(logged)
    job = await job_at(sender, answer)
    assert (job["state"], job["lines_done"], job["problem"]["code"]) == ("failed", 500, code)
    assert await entered(enrolment) == 499
    assert await enrolment.rows("SELECT * FROM enrolment.import_chunk") == []
    assert SECRET not in str(await enrolment.rows("SELECT * FROM enrolment.import_job"))
    again = await ended(sender, runner, answer=await sender.post(BULK, content=TWO_BATCHES, headers=NDJSON))
    assert again["counts"] == {"created": 1, "unchanged": 499, "duplicate": 1, "rejected": 1}
