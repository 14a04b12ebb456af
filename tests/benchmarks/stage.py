"""A speaker and a listener of the kit on real servers: the exchange alone, without HTTP and without rules."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import text

from shared.events.enrolment import EnrolmentEntered
from shared.events.envelope import Envelope
from shared.platform import event_log
from shared.platform.database import Database, Transaction
from shared.platform.exchange.applying import Heard, Subscription
from shared.platform.exchange.broker import Broker
from shared.platform.exchange.feed import Answer
from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.intake import Ears
from shared.platform.exchange.intake_store import Held
from shared.platform.exchange.participant import Service, ears_of
from shared.platform.exchange.relay import Relay
from shared.platform.exchange.relay_store import PostgresRelayStore
from tests.support.cluster import Cluster, running_cluster
from tests.support.nats_server import NatsServer, running_nats

SPEAKER, LISTENER = "enrolment", "indicators"

_LANDING = """
CREATE TABLE indicators.landing (aggregate text PRIMARY KEY, version bigint, data json);
GRANT SELECT, INSERT, UPDATE, DELETE ON indicators.landing TO indicators_worker;
"""
_UPSERT = text("""
INSERT INTO landing SELECT * FROM unnest(CAST(:aggregates AS text[]), CAST(:versions AS bigint[]),
                                         CAST(:data AS json[]))
ON CONFLICT (aggregate) DO UPDATE SET version = excluded.version, data = excluded.data
""")
_FILL = """
WITH made AS (
    SELECT p AS partition, n AS seq, uuidv7() AS event_id, gen_random_uuid() AS enrolment, gen_random_uuid() AS other
    FROM generate_series(0, 15) AS p, generate_series(1, $1 / 16) AS n
)
INSERT INTO enrolment.event_log
    (partition, seq, day, event_id, previous_id, type, aggregate_id, aggregate_version, data)
SELECT partition, seq, current_date, event_id, lag(event_id) OVER (PARTITION BY partition ORDER BY seq),
    'enrolment.enrolment.entered.v1', enrolment, 1, json_build_object(
        'version', 1, 'enrolment_id', enrolment, 'learner_id', other, 'holder', '000000018', 'training_id', other,
        'session_id', other, 'coverage', 'covered', 'entered_on', '2016-03-01', 'planned_end_on', '2016-07-01',
        'status', 'in_training')
FROM made
"""
_COUNT = """
UPDATE enrolment.event_counter c SET last_seq = l.seq, last_id = l.event_id, day = current_date
FROM (SELECT DISTINCT ON (partition) * FROM enrolment.event_log ORDER BY partition, seq DESC) l
WHERE l.partition = c.partition
"""
_DAYS = (
    "INSERT INTO enrolment.log_day (partition, first_seq, day)"
    " SELECT partition, min(seq), day FROM enrolment.event_log GROUP BY partition, day ON CONFLICT DO NOTHING"
)


class LogFeed:
    """The speaker's own log, read straight: its HTTP is not what is measured here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(self, speaker: str, *, partition: int, after: int) -> list[Envelope]:
        """The next 500."""
        async with self._database.reading() as connection:
            return await event_log.read(
                connection, service=speaker, partition=partition, after=after, limit=500
            )

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        """Nothing is strange here."""
        del held
        async with self._database.reading() as connection:
            return Answer((await event_log.watermark(connection, service=speaker)).epoch, ())


@dataclass(frozen=True)
class Stage:
    """Servers, and one database with the schemas of all services."""

    cluster: Cluster
    server: NatsServer
    name: str
    speaker: Database
    listener: Database

    async def look(self) -> asyncpg.Connection:
        """A connection that sees everything."""
        return await self.cluster.superuser(self.name)

    async def fill(self, events: int) -> None:
        """Events in the speaker's log, as if it had said them long ago; a multiple of 16."""
        connection = await self.look()
        await fill_log(connection, events)
        await connection.close()

    def relay(self, broker: Broker) -> Relay:
        """The speaker's."""
        store = PostgresRelayStore(self.speaker)
        return Relay(store, broker, service=SPEAKER, me=uuid4(), spoke=self.speaker.spoke)

    def ears(self, broker: Broker, watermarks: Watermarks) -> Ears:
        """The listener's, whose effect is one upsert per batch."""
        lands = Subscription(SPEAKER, (EnrolmentEntered,), _land)
        service = Service(name=LISTENER, title="", routers=(), subscriptions=(lands,))
        feed = LogFeed(self.speaker)
        return ears_of(service, self.listener, broker=broker, feed=feed, watermarks=watermarks)

    async def landed(self) -> int:
        """How many events have had their effect."""
        async with self.listener.glance() as connection:
            statement = text(
                "SELECT coalesce(sum(last_seq), 0) FROM intake_position WHERE source = 'enrolment'"
            )
            return int((await connection.execute(statement)).scalar_one())


async def fill_log(connection: asyncpg.Connection, events: int) -> None:
    """Events in the log of enrolment, numbered and counted as if it had said them; a multiple of 16."""
    await connection.execute("SET jit = off")
    await connection.execute(_FILL, events)
    await connection.execute(_COUNT)
    await connection.execute(_DAYS)
    await connection.execute("ANALYZE enrolment.event_log")


async def _land(tx: Transaction, heard: list[Heard[Any]]) -> None:
    await tx.execute(
        _UPSERT,
        {
            "aggregates": [item.envelope.aggregate_id for item in heard],
            "versions": [item.envelope.aggregate_version for item in heard],
            "data": [item.envelope.data for item in heard],
        },
    )


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Fresh servers that keep what they confirm on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "servers"
        place.mkdir(mode=0o755)
        with running_cluster(place, durable=True) as cluster, running_nats(_made(place / "nats")) as server:
            await server.provision()
            name = await cluster.new_database()
            connection = await cluster.superuser(name)
            await connection.execute(_LANDING)
            await connection.close()
            databases = [
                Database(cluster.url(name, role=f"{service}_worker"), service=service, role="worker")
                for service in (SPEAKER, LISTENER)
            ]
            yield Stage(cluster, server, name, *databases)
            for database in databases:
                await database.close()


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    return folder
