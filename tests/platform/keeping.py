"""A log with a clock that can be moved and an archive: what the days of a log are tried on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from shared.events.envelope import Envelope
from shared.platform.database import Database
from shared.platform.exchange import log_reader
from shared.platform.exchange.log_archive import Archive
from shared.platform.exchange.log_export import Exporter
from shared.platform.exchange.log_keeping import LogKeeper
from shared.platform.topology import PARTITIONS, listeners_of
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster
from tests.support.log_clock import advance_days, shadow_clock
from tests.support.under_test import ServiceUnderTest


@dataclass
class Keeping:
    """Labelling's log with a clock that can be moved, and its archive."""

    worker: Database
    labelling: ServiceUnderTest
    folder: Path
    archive: Archive
    exporter: Exporter

    async def say(self, *numbers: int, version: int = 1) -> None:
        async with self.worker.transaction() as tx:
            tx.speak(*(target(number, version) for number in numbers))

    async def next_day(self, days: int = 1) -> date:
        return await advance_days(
            self.labelling.cluster, self.labelling.database_name, service="labelling", days=days
        )

    async def export(self) -> int:
        await LogKeeper(self.worker, None, keep_days=None).plan()
        await self.exporter.close_days()
        return await self.exporter.export()

    async def everybody_has_heard(self) -> None:
        await self.labelling.rows(
            "INSERT INTO labelling.heard_position SELECT l, partition, last_seq"
            " FROM labelling.event_counter, unnest($1::text[]) AS l"
            " ON CONFLICT (listener, partition) DO UPDATE SET last_seq = excluded.last_seq",
            list(listeners_of("labelling")),
        )
        await self.labelling.rows(
            "UPDATE labelling.relay_cursor r SET published_through = c.last_seq"
            " FROM labelling.event_counter c WHERE c.partition = r.partition"
        )

    async def read(self, *, after: int = 0, limit: int = 100_000) -> list[Envelope]:
        async with self.worker.glance() as connection:
            return [
                envelope
                for partition in range(PARTITIONS)
                for envelope in await log_reader.read(
                    connection,
                    service="labelling",
                    partition=partition,
                    after=after,
                    limit=limit,
                    archive=self.archive,
                )
            ]

    def environment(self) -> dict[str, str]:
        """What a command of an operator finds its settings in."""
        url = self.worker.engine.url.render_as_string(hide_password=False)
        return {
            "LABELLING_DATABASE_URL": url,
            "LABELLING_WORKER_DATABASE_URL": url,
            "LABELLING_ISSUER": "https://identity.test",
            "LABELLING_JWKS_URL": "https://identity.test/jwks",
            "LABELLING_ARCHIVE_DIR": str(self.folder),
        }

    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.gz"))


@pytest.fixture
async def keeping(
    cluster: Cluster, database: str, labelling: ServiceUnderTest, tmp_path: Path
) -> AsyncIterator[Keeping]:
    await shadow_clock(cluster, database, service="labelling")
    worker = Database(
        cluster.url(database, role="labelling_worker"), service="labelling", role="worker", pool_size=8
    )
    archive = Archive(tmp_path)
    yield Keeping(worker, labelling, tmp_path, archive, Exporter(worker, archive))
    await worker.close()
