"""The speakers of a test: their logs in its database, read straight where a service would ask over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby

from shared.events.envelope import Envelope, Fact
from shared.platform import event_log
from shared.platform.database import Database
from shared.platform.exchange.feed import Answer
from shared.platform.exchange.intake_store import Held
from shared.platform.exchange.log_digests import LogDigests, log_digests
from shared.platform.exchange.log_epochs import LogEpoch, log_epochs
from tests.support.cluster import Cluster

SPEAKERS = ("labelling", "enrolment", "followup")


class Speakers:
    """What the speakers' routes answer, without HTTP: those are tried with the services."""

    def __init__(self, databases: dict[str, Database]) -> None:
        self.databases = databases

    async def say(self, *facts: Fact) -> None:
        """Each fact by its speaker; those that follow one another from one speaker in one transaction."""
        for speaker, said in groupby(facts, key=lambda fact: fact.TYPE.split(".", 1)[0]):
            async with self.databases[speaker].transaction() as tx:
                tx.speak(*said)

    async def everything(self, speaker: str) -> list[Envelope]:
        """The whole log of a speaker."""
        found = [await self.events(speaker, partition=number, after=0, limit=100_000) for number in range(16)]
        return [envelope for partition in found for envelope in partition]

    async def events(self, speaker: str, *, partition: int, after: int, limit: int = 500) -> list[Envelope]:
        async with self.databases[speaker].reading() as connection:
            return await event_log.read(
                connection, service=speaker, partition=partition, after=after, limit=limit
            )

    async def report(self, speaker: str, *, held: dict[int, Held]) -> Answer:
        places = [(partition, at.last_seq, at.last_id) for partition, at in held.items() if at.last_id]
        async with self.databases[speaker].reading() as connection:
            epoch = (await event_log.watermark(connection, service=speaker)).epoch
            return Answer(epoch, await event_log.strangers(connection, places, service=speaker))

    async def epochs(self, speaker: str) -> list[LogEpoch]:
        async with self.databases[speaker].reading() as connection:
            return await log_epochs(connection, service=speaker)

    async def digests(self, speaker: str, *, since: datetime, until: datetime) -> LogDigests:
        async with self.databases[speaker].reading() as connection:
            found = await log_digests(connection, service=speaker, since=since, until=until)
            # As it would have travelled.
            return LogDigests.from_content(found.to_content())


@asynccontextmanager
async def speakers_in(cluster: Cluster, database: str) -> AsyncIterator[Speakers]:
    """The three speakers, as their workers, on one database."""
    databases = {
        name: Database(cluster.url(database, role=f"{name}_worker"), service=name, role="worker", pool_size=4)
        for name in SPEAKERS
    }
    yield Speakers(databases)
    for one in databases.values():
        await one.close()
