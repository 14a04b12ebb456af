"""Outcomes by file: the verdicts of a push, the lot counted as one sending, a rehearsal that settles nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.followup import routes
from shared.platform.imports.runner import Runner
from tests.followup.lines import (
    HOLDER,
    REPORTER,
    contract,
    enrolment,
    retraction,
    searched,
    situation,
)
from tests.support.importing import CSV, NDJSON, Item, ended, found, lines, runner_of
from tests.support.under_test import ServiceUnderTest

PATH = "/v1/imports/outcomes"
LOT = {
    "lot": "LOT-1",
    "period_from": "2016-06-01",
    "period_to": "2016-06-30",
    "population": "leavers of March",
    "complete_to": "2016-06-30",
    "produced_on": "2016-07-02",
}


@pytest.fixture
async def runner(followup: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(followup, routes.IMPORTS) as one:
        yield one


def names() -> list[str]:
    return [f"learner-{number}" for number in range(520)]


def of_every_sort() -> bytes:
    """More than a batch, whose later lines depend on the first ones, with faults among them."""
    items = [contract(f"FT-{number}", name=name) for number, name in enumerate(names())]
    items[7] |= {"starts_on": "2016-02-30"}
    items[8] |= {"starts_on": "2016-12-01"}
    items += [contract(f"FT-{number}", name=f"learner-{number}") for number in range(3)]
    items += [
        contract(
            "FT-4", name="learner-4", nature_dsn="03", planned_end_on="2016-12-01", collected_on="2016-06-25"
        )
    ]
    items += [retraction("FT-5"), situation("FT-900", name="learner-6"), contract("FT-901", name="nobody")]
    return lines(items)


async def test_a_file_of_outcomes_has_the_verdicts_of_a_push_and_its_rehearsal_settles_nothing(
    followup: ServiceUnderTest, reporter: httpx.AsyncClient, runner: Runner
) -> None:
    await followup.hear(*(enrolment(name) for name in names()))
    content = of_every_sort()
    rehearsed = await ended(
        reporter,
        runner,
        answer=await reporter.post(PATH, params=LOT | {"dry_run": "true"}, content=content, headers=NDJSON),
    )
    assert await followup.said() == []
    assert (await reporter.get("/v1/lots/LOT-1")).status_code == 404
    assert await followup.rows("SELECT * FROM followup.observation") == []
    real = await ended(
        reporter, runner, answer=await reporter.post(PATH, params=LOT, content=content, headers=NDJSON)
    )
    assert real["state"] == rehearsed["state"] == "succeeded"
    assert real["counts"] == rehearsed["counts"]
    assert real["counts"] == {"accepted": 521, "rejected": 2, "duplicate": 3, "waiting": 1}
    assert await found(reporter, real) == await found(reporter, rehearsed)
    assert len(await followup.said()) > 500
    lot = (await reporter.get("/v1/lots/LOT-1")).json()
    assert (lot["sendings"], lot["counts"]["accepted"], lot["counts"]["rejected"]) == (1, 521, 2)


async def test_a_table_holds_lines_of_every_kind(
    followup: ServiceUnderTest, reporter: httpx.AsyncClient, runner: Runner
) -> None:
    await followup.hear(enrolment())
    items = [contract(), situation(), searched(), {**situation("FT-9"), "nature_dsn": "01"}]
    columns = list(dict.fromkeys(name for one in items for name in one))
    rows = [";".join(str(one.get(name, "")) for name in columns) for one in items]
    content = "\r\n".join([";".join(columns), *rows]).encode("utf-16")
    job = await ended(
        reporter, runner, answer=await reporter.post(PATH, params=LOT, content=content, headers=CSV)
    )
    assert job["counts"] == {"accepted": 3, "rejected": 1}
    (finding,) = await found(reporter, job)
    assert (finding["line"], finding["code"]) == (5, "unknown_field")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lot": None}, (400, "missing_field")),
        ({"period_to": "2016-05-01"}, (422, "bad_period")),
        ({"complete_to": "2999-01-01"}, (400, "wrong_form")),
        ({"produced_on": "2190-01-01"}, (422, "date_in_future")),
        ({"lto": "LOT-1"}, (400, "unknown_parameter")),
    ],
)
async def test_what_is_said_of_the_lot_is_judged_before_the_file_is_read(
    reporter: httpx.AsyncClient, *, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    asked = {key: value for key, value in (LOT | change).items() if value is not None}
    answer = await reporter.post(PATH, params=asked, content=lines([contract()]), headers=NDJSON)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == expected
    assert (await reporter.get("/v1/imports")).json()["items"] == []


async def test_an_import_belongs_to_its_reporter(
    followup: ServiceUnderTest, reporter: httpx.AsyncClient, holder: httpx.AsyncClient, runner: Runner
) -> None:
    sent = await reporter.post(PATH, params=LOT, content=lines([contract()]), headers=NDJSON)
    assert (await holder.get(sent.headers["location"])).status_code == 404
    job: Item = await ended(reporter, runner, answer=sent)
    assert job["counts"] == {"waiting": 1}
    await ended(
        holder,
        runner,
        answer=await holder.post(PATH, params=LOT, content=lines([contract()]), headers=NDJSON),
    )
    senders = await followup.rows("SELECT reporter FROM followup.observation ORDER BY 1")
    assert [row["reporter"] for row in senders] == sorted([HOLDER, REPORTER])


async def test_a_client_that_is_nobody_may_not_send_a_file(followup: ServiceUnderTest) -> None:
    nobody = followup.client("outcomes:write")
    answer = await nobody.post(PATH, params=LOT, content=lines([contract()]), headers=NDJSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_reporter")
    reader = followup.client("outcomes:read", reporter=REPORTER)
    assert (await reader.get("/v1/imports")).status_code == 403
