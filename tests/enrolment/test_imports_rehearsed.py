"""Dry run and real run say the same of any file, and the dry one leaves the database as it was."""

import hashlib
from collections.abc import AsyncIterator
from random import Random

import httpx
import pytest

from shared.platform.imports import turns
from shared.platform.imports.runner import Runner
from tests.enrolment.builders import Holder, learner
from tests.enrolment.importing import ROOT, item, runner_of, sender_of
from tests.support.importing import NDJSON, Item, ended, found, lines
from tests.support.under_test import ServiceUnderTest

TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'enrolment' AND tablename NOT LIKE 'import%' ORDER BY 1
"""
FAULTS: list[Item] = [
    {"session": "S-unknown"},
    {"entered_on": "2016-02-30"},
    {"entered_on": "2015-01-01"},
    {"what": 1},
]
REASONS = ["job_found", "unknown", None]


@pytest.fixture
async def runner(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(enrolment) as one:
        yield one


@pytest.fixture
def sender(enrolment: ServiceUnderTest, holder: Holder) -> httpx.AsyncClient:
    del holder
    return sender_of(enrolment)


def some_entry(random: Random) -> Item:
    """One of forty enrolments of thirty persons, as declared at some time by somebody in some mood."""
    person = learner(
        reference=f"APP-{random.randrange(30)}",
        first_names=random.choice(["Ada", "Ada", "Grace"]),
        search_opposed=random.choice([None, None, True, False]),
    )
    entry = item(
        random.randrange(40),
        learner=person,
        entered_on=random.choice(["2016-03-01", "2016-03-01", "2016-03-02"]),
        cost_to_learner_cents=random.choice([0, 0, 100]),
    )
    return entry | (random.choice(FAULTS) if random.random() < 0.1 else {})


def some_end(random: Random) -> Item:
    """An end of one of them, or of nobody."""
    end = {
        "reference": f"INS-{random.randrange(45)}",
        "kind": random.choice(["completed", "abandoned", "transferred", "cancelled"]),
        "ended_on": random.choice(["2016-09-30", "2016-06-14", "2016-02-01"]),
    }
    if end["kind"] == "transferred":
        end["continues_in"] = f"INS-{random.randrange(45)}"
    return end


async def digest(enrolment: ServiceUnderTest) -> str:
    """Of every row of every table but those of imports."""
    whole = hashlib.sha256()
    for table in await enrolment.rows(TABLES):
        name = table["tablename"]
        rows = await enrolment.rows(
            f"SELECT CAST(t AS text) AS row FROM enrolment.{name} t ORDER BY 1"  # noqa: S608 - our own names
        )
        whole.update(name.encode() + "\n".join(row["row"] for row in rows).encode())
    return whole.hexdigest()


@pytest.mark.parametrize("seed", range(4))
async def test_a_dry_run_says_what_the_real_run_says(
    sender: httpx.AsyncClient,
    runner: Runner,
    enrolment: ServiceUnderTest,
    monkeypatch: pytest.MonkeyPatch,
    *,
    seed: int,
) -> None:
    # Small batches: nearly every line then depends on one of another batch.
    monkeypatch.setattr(turns, "BATCH", 7)
    random = Random(seed)
    seen: set[str] = set()
    for kind, one in (("enrolments", some_entry), ("ends", some_end), ("enrolments", some_entry)):
        content = lines([one(random) for _ in range(150)])
        before = await digest(enrolment)
        jobs = []
        for dry_run in ("true", "false"):
            answer = await sender.post(f"{ROOT}/{kind}?dry_run={dry_run}", content=content, headers=NDJSON)
            job = await ended(sender, runner, answer=answer)
            jobs.append((job["state"], job["counts"], await found(sender, job)))
            if dry_run == "true":
                assert await digest(enrolment) == before
        assert jobs[0] == jobs[1]
        assert jobs[0][0] == "succeeded"
        assert await digest(enrolment) != before
        seen |= {*jobs[0][1]}
    assert {"created", "updated", "unchanged", "accepted", "rejected"} <= seen
