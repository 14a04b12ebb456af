"""`rebuild`: a projection made again from the logs over HTTP, against a paged read and a base upsert of its rows."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local import services
from deploy.local.place import STATES, Place
from deploy.local.postgres import DATABASE
from deploy.local.state import passwords
from services.indicators.main import SERVICE
from services.indicators.settings import Settings
from shared.events.envelope import Envelope
from shared.platform.exchange.feed import Feed
from shared.platform.exchange.rebuild import Rebuild
from tests.benchmarks import report
from tests.benchmarks.stage import fill_log
from tests.support.living_stack import living_stack

EVENTS = 96_000
RUNS = 3
WANTED = 0.5
STATE, PORT_BASE = "bench-rebuild", 22_100
BATCH = 500
_LANDING = "CREATE TABLE indicators.landing (LIKE indicators.enrolment_fact INCLUDING ALL)"
_UPSERT = """
INSERT INTO indicators.landing (enrolment_id, learner_id, holder, training_id, coverage, entered_on, planned_end_on,
    status, enrolment_version, known_from)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[]::date[],
    $7::text[]::date[], $8::text[], $9::bigint[], $10::timestamptz[])
ON CONFLICT (enrolment_id) DO UPDATE SET status = excluded.status, enrolment_version = excluded.enrolment_version
"""
_FIELDS = (
    "enrolment_id",
    "learner_id",
    "holder",
    "training_id",
    "coverage",
    "entered_on",
    "planned_end_on",
    "status",
    "version",
)


@dataclass(frozen=True)
class _Stage:
    connection: asyncpg.Connection
    feed: Feed
    settings: Settings


async def bench() -> None:
    """Print ours beside the limit; each run of ours is followed by one of the limit."""
    ours, limit = [], []
    async with _stage() as stage:
        await _log(stage)
        for _ in range(RUNS):
            ours.append(await _rebuild(stage))
            limit.append(await _read_and_upsert(stage))
    report.show("rebuild", ours=ours, limit=limit, unit="events/s", wanted=WANTED)


async def _log(stage: _Stage) -> None:
    """Entries in the log of enrolment, as if indicators had heard them long ago and lost what it made of them."""
    # At once: the services are alive and look at their log.
    async with stage.connection.transaction():
        await fill_log(stage.connection, EVENTS)
        # Some hundred trainings, as a year has: what is counted by training is then as large as it would be.
        await stage.connection.execute(
            "UPDATE enrolment.event_log SET data = jsonb_set(CAST(data AS jsonb), '{training_id}', to_jsonb("
            "CAST(md5(CAST(seq % 300 AS text)) AS uuid)))"
        )
        await stage.connection.execute(
            "UPDATE enrolment.relay_cursor SET published_through = $1", EVENTS // 16
        )
        await stage.connection.execute(
            "INSERT INTO indicators.intake_position (source, partition, epoch, last_seq, last_id)"
            " SELECT 'enrolment', partition, epoch, last_seq, last_id FROM enrolment.event_counter, enrolment.log_epoch"
            " ON CONFLICT (source, partition) DO UPDATE SET epoch = excluded.epoch, last_seq = excluded.last_seq,"
            " last_id = excluded.last_id"
        )


async def _rebuild(stage: _Stage) -> float:
    assert stage.settings.migration_database_url is not None
    url = stage.settings.migration_database_url.get_secret_value()
    rebuild = Rebuild(SERVICE, url, pages=stage.feed)
    started = time.perf_counter()
    rebuilt = await rebuild.run()
    rate = rebuilt.events / (time.perf_counter() - started)
    await rebuild.forget()
    if rebuilt.events != EVENTS:
        raise RuntimeError(rebuilt.events)
    return rate


async def _read_and_upsert(stage: _Stage) -> float:
    await stage.connection.execute("DROP TABLE IF EXISTS indicators.landing")
    await stage.connection.execute(_LANDING)
    started = time.perf_counter()
    for partition in range(16):
        after = 0
        while page := await stage.feed.events("enrolment", partition=partition, after=after):
            async with stage.connection.transaction():
                await stage.connection.execute(_UPSERT, *_columns(page))
            after = page[-1].sequence
    rate = EVENTS / (time.perf_counter() - started)
    landed = await stage.connection.fetchval("SELECT count(*) FROM indicators.landing")
    if landed != EVENTS:
        raise RuntimeError(landed)
    return rate


def _columns(page: list[Envelope]) -> list[list[Any]]:
    said = [json.loads(envelope.data) for envelope in page]
    return [
        *([row[name] for row in said] for name in _FIELDS),
        [envelope.recorded_at for envelope in page],
    ]


@asynccontextmanager
async def _stage() -> AsyncIterator[_Stage]:
    place = Place(root=STATES, state=STATE, port_base=PORT_BASE)
    async with living_stack(state=STATE, port_base=PORT_BASE):
        secrets = passwords(place)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in services.environment(place, passwords=secrets).items():
                patch.setenv(name, value)
            settings = Settings()
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=place.ports["postgres"],
            user="postgres",
            password=secrets["postgres"],
            database=DATABASE,
        )
        async with httpx.AsyncClient() as client:
            yield _Stage(connection, Feed(settings, client=client), settings)
        await connection.close()
