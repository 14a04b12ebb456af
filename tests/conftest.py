"""Fixtures of every test: the server of the run, a database per test, the four services."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, running_cluster
from tests.support.nats_server import NatsServer, running_nats
from tests.support.service import ServiceUnderTest, service_under_test


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One Postgres server for the run."""
    with running_cluster(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[str]:
    """Name of a fresh, migrated database."""
    name = await cluster.new_database()
    yield name
    await cluster.drop_database(name)


@pytest.fixture
async def labelling(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The labelling service."""
    async with service_under_test("labelling", cluster, database=database) as service:
        yield service


@pytest.fixture
async def enrolment(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The enrolment service."""
    async with service_under_test("enrolment", cluster, database=database) as service:
        yield service


@pytest.fixture
async def followup(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The followup service."""
    async with service_under_test("followup", cluster, database=database) as service:
        yield service


@pytest.fixture
async def indicators(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The indicators service."""
    async with service_under_test("indicators", cluster, database=database) as service:
        yield service


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A broker with streams and consumers in place."""
    with running_nats(tmp_path) as server:
        await server.provision()
        yield server
